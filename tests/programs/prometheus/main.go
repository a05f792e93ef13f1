// Program queries says what PromQL expressions ask for, by Prometheus's own parser. It reads a list of expressions as
// JSON from its input and writes a list of the same length as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// A query is what one expression asks for.
type query struct {
	// Error is why the expression is none, or empty.
	Error     string     `json:"error"`
	Selectors []selector `json:"selectors"`
	// Groupings are the labels that an aggregation or a matching of two vectors names, or `without`.
	Groupings []string `json:"groupings"`
}

// A selector is one choice of series.
type selector struct {
	Metric string   `json:"metric"`
	Labels []string `json:"labels"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var expressions []string
	if err := json.NewDecoder(os.Stdin).Decode(&expressions); err != nil {
		return err
	}
	queries := []query{}
	for _, each := range expressions {
		queries = append(queries, asked(each))
	}
	return json.NewEncoder(os.Stdout).Encode(queries)
}

func asked(expression string) query {
	found := query{Selectors: []selector{}, Groupings: []string{}}
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		found.Error = err.Error()
		return found
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch each := node.(type) {
		case *parser.VectorSelector:
			found.Selectors = append(found.Selectors, selected(each))
		case *parser.AggregateExpr:
			found.Groupings = append(found.Groupings, each.Grouping...)
		case *parser.BinaryExpr:
			if each.VectorMatching != nil {
				found.Groupings = append(found.Groupings, each.VectorMatching.MatchingLabels...)
				found.Groupings = append(found.Groupings, each.VectorMatching.Include...)
			}
		}
		return nil
	})
	return found
}

func selected(node *parser.VectorSelector) selector {
	made := selector{Metric: node.Name, Labels: []string{}}
	for _, matcher := range node.LabelMatchers {
		if matcher.Name != labels.MetricName {
			made.Labels = append(made.Labels, matcher.Name)
		}
	}
	return made
}

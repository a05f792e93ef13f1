// Reads command lines as `gh attestation verify` does, by its own code, and stops before it asks GitHub or a registry.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/cli/cli/v2/pkg/cmd/attestation/verify"
	"github.com/cli/cli/v2/pkg/cmdutil"
	"github.com/cli/cli/v2/pkg/iostreams"
	"github.com/spf13/cobra"
)

func main() {
	client := func() (*http.Client, error) { return http.DefaultClient, nil }
	factory := &cmdutil.Factory{IOStreams: iostreams.System(), HttpClient: client, ExternalHttpClient: client}
	attestation := &cobra.Command{Use: "attestation"}
	attestation.AddCommand(verify.NewVerifyCmd(factory, func(*verify.Options) error { return nil }))
	gh := &cobra.Command{Use: "gh"}
	gh.AddCommand(attestation)
	// Another command would show what commands there are, and succeed.
	if found, _, err := gh.Find(os.Args[1:]); err != nil || !found.Runnable() {
		fmt.Fprintln(os.Stderr, "no command that is known here:", os.Args[1:])
		os.Exit(1)
	}
	if gh.Execute() != nil {
		os.Exit(1)
	}
}

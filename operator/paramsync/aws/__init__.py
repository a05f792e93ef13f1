"""The AWS edge: identities, listing, and what AWS's errors mean. It holds no rules."""

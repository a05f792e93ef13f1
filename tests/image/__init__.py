"""The container image: built as a user builds it, but with Debian's tools and a base that is made here."""

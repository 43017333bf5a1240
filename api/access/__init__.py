"""Who may do what, and how often: tokens and scopes, limits for each client, pages of other sites, and proxies."""

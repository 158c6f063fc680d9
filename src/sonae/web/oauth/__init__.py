"""The OpenID Provider over HTTP: discovery, authorization, tokens, UserInfo, logout."""

"""The city as OpenID Provider (都市OSの認証): services, who uses them, keys, sign-ins and tokens."""

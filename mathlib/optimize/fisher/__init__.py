"""M-FAC: inverses of empirical Fisher matrices without ever forming them."""

"""Forms of an expression that keep its digits: rules, a graph of equal forms, measured choice, regimes."""

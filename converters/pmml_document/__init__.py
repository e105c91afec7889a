"""Our PMML 4.4 writer: scalar formulas, tree ensembles and the document around them."""

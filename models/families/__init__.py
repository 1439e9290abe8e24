"""One module per kind of generative model; the registry names them."""

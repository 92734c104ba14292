"""The same questions to every place; a package, so that what is opened for it is closed with it."""

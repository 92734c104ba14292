"""The cases by theme; importing a module registers its cases."""

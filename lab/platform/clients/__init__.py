"""Other programs of the platform, each of which gets in the gateway's way when it is started."""

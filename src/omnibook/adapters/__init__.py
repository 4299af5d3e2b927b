"""Where the pure machine meets the world: each adapter can be left out."""

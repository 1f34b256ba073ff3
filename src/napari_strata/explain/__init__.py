"""Which pixels made a network say what it says of one pixel, atom or region."""

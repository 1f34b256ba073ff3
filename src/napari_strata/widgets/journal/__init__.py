"""The journal that keeps every stroke, and the Label history dock that shows it."""

"""The whole project on one machine: emulated AWS, simulated providers, the real template deployed."""

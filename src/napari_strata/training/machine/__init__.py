"""The machine that trains: devices, processes, memory, random numbers."""

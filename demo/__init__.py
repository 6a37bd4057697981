"""The whole system on one machine: real processes, simulated devices, and two robots that do an affair together."""

"""The city's systems. `interface` is what the desk needs of them, `http` speaks to the real ones, `sandbox` stands in
for them as a process of its own."""

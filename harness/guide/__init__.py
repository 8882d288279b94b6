"""What is missing to support a model: its situation, the phases of the seed and what each lacks, the next step."""

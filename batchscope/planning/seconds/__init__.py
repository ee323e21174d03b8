"""How long jobs will take: from earlier measurements, else from guesses."""

"""Ask the real Directcall what its documentation does not say, and write down what it answers.

For people who have an account. Nothing rings, is sent or is billed that was not agreed to before.
"""

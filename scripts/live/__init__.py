"""Ask the real Directcall, with an account, what its documentation does not say."""

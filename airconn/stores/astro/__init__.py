"""What only Astro has: the Environment Manager, and the environment variables of a Deployment."""

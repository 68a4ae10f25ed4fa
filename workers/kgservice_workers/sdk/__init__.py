"""What every worker needs: the lease loop, the data channel, sealed secrets."""

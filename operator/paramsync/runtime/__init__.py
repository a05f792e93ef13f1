"""What makes it live: Kopf handlers, the queue, the feeds and the reconcile of one sync."""

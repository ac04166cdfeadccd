-- Old deliveries are removed by age, over all projects.
create index webhook_deliveries_received on webhook_deliveries (received_at);

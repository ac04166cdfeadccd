-- The image a Dockerfile project was built into: its id in the engine, and the port it says it listens on.
alter table deployments add column image jsonb;

-- Keeps each agent's newest prompt; the older ones are lost.
ALTER TABLE agents ADD COLUMN system_prompt TEXT NOT NULL DEFAULT '';

UPDATE agents
SET system_prompt = (SELECT prompt FROM agent_prompts p WHERE p.agent_id = agents.id ORDER BY version DESC LIMIT 1)
WHERE id IN (SELECT agent_id FROM agent_prompts);

DROP TABLE agent_prompts;

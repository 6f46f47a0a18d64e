import { describe, expect, it } from 'vitest';
import document from '../src/api/openapi.json' with { type: 'json' };
import { ATTEMPT_STATES, FAILURE_CAUSES, HOLDS, RUN_STATES, STUDY_STATES } from '../src/api/states.ts';

describe('every state that the API knows is shown', () => {
  const maps = {
    RunState: RUN_STATES,
    StudyState: STUDY_STATES,
    AttemptState: ATTEMPT_STATES,
    FailureCause: FAILURE_CAUSES,
    Hold: HOLDS,
  };
  it.each(Object.entries(maps))('%s', (name, map) => {
    const schema = document.components.schemas[name as keyof typeof maps];
    expect(Object.keys(map).sort()).toEqual([...schema.enum].sort());
  });
});

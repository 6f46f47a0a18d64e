/** The API's nouns under their own names. */
import type { components } from './schema.gen.ts';

type Schemas = components['schemas'];

export type ApiErrorBody = Schemas['ApiErrorBody'];
export type ArtifactFile = Schemas['ArtifactFile'];
export type AttemptRecord = Schemas['AttemptRecord'];
export type AttemptReport = Schemas['AttemptReport'];
export type AttemptState = Schemas['AttemptState'];
export type Change = Schemas['Change'];
export type Dimension = Schemas['Dimension'];
export type Failure = Schemas['Failure'];
export type FailureCause = Schemas['FailureCause'];
export type LogSlice = Schemas['LogSlice'];
export type Method = Schemas['Method'];
export type ParamValues = Schemas['Run']['params'];
export type Run = Schemas['Run'];
export type RunDetail = Schemas['RunDetail'];
export type RunState = Schemas['RunState'];
export type RunSummary = Schemas['RunSummary'];
export type Scalar = Schemas['Scalar'];
export type ScoringProtocol = Schemas['ScoringProtocol'];
export type Seal = Schemas['Seal'];
export type Study = Schemas['Study'];
export type StudyInsight = Schemas['StudyInsight'];
export type StudyState = Schemas['StudyState'];
export type TestScores = Schemas['TestScores'];
export type Topic = Schemas['Topic'];
export type TrialCounts = Schemas['TrialCounts'];

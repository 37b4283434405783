import type { components } from './schema';

type Schemas = components['schemas'];

export type ActivationOffer = Schemas['ActivationOffer'];
export type Computer = Schemas['Computer'];
export type Credential = Schemas['Credential'];
export type FactorStarted = Schemas['FactorStarted'];
export type Me = Schemas['Me'];
export type Organisation = Schemas['Organisation'];
export type OwnEnrolment = Schemas['OwnEnrolment'];
export type Policy = Schemas['Policy'];
export type Problem = Schemas['Problem'];
export type Provenance = Schemas['Provenance'];
export type Recovered = Schemas['Recovered'];
export type Reported = Schemas['Reported'];
export type Retry = Schemas['Retry'];
export type SessionRow = Schemas['SessionRow'];
export type Sessions = Schemas['Sessions'];
export type Stamp = Schemas['Stamp'];
export type Standing = Schemas['Standing'];
export type StoreRow = Schemas['StoreRow'];

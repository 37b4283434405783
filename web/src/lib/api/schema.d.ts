// Written by `npm run generate` from docs/openapi.json.

export interface paths {
  '/api/v1/activation/finish': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Second step: spends the link, puts the password in force, and signs in. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ActivationFinish'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SessionOpened'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/activation/open': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Tells whom a link is for. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ActivationOpen'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ActivationOffer'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/activation/start': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** First step of choosing a password with a link. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ActivationStart'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ActivationStarted'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The newest part of the audit. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Audit'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/computers': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Every computer. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Computers'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/computers/{device}/revoke': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Revokes a computer: its stream ends, its shares are deleted, and it may ask for nothing more. Its
     *     accounts keep their passwords.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The computer */
          device: components['schemas']['DeviceId'];
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/enrolments': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Makes an enrolment string. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewEnrolment'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Enrolment'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/logo': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Sets the logo, in place of the one before. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewLogo'];
        };
      };
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/logo/remove': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Removes the logo. Repeating it is fine. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Everybody, by user name. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['People'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Adds a person and invites them. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewPerson'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Invited'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/password/finish': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Second step: puts the issued password in force, ends every session and link of the person, and
     *     lifts a lock, because the password that was reported is no more.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['IssueFinish'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Issued'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/password/start': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** First step of issuing a password, which the admin's own program draws. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['IssueStart'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['IssueStarted'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/reset-factor': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ends every second factor of a person. It counts like an issued password: a factor that is enrolled
     *     afterwards releases nothing that was sealed up to now.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/reset-link': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Makes a reset link; the person's former links end. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ResetLink'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/resume': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Lets a suspended person be again. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/suspend': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Suspends a person: sessions end, and no proof of theirs is accepted. Their computers keep their
     *     passwords.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/people/{person}/unlock': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Resolves a person's "This wasn't me", and forgives the tries made under their name. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person */
          person: components['schemas']['PersonId'];
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/policy': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What is set of reminders and expiry. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PolicyRules'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Sets reminders and expiry; gives what is set now. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['PolicyChange'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PolicyRules'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/check-in': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Where the device's bindings stand. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['CheckIn'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/computers': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** The other computers of a binding's person. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ListComputers'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OtherComputers'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/enrol': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Enrols a computer: spends one use of an enrolment string. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Enrol'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Enrolled'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/envelopes/retire': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Retires envelopes: deletes their shares. Repeating it is fine. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['RetireEnvelopes'];
        };
      };
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The same, as a stream of `check_in` events: now and at every change. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': components['schemas']['CheckIn'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/leave': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Lets a computer go: its bindings and shares are deleted, and its key may ask for nothing more. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/logo': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The organisation's logo, for a computer. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Logo'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/not-me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Disowns the present change on a computer that knows of it. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Disown'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Reported'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/password': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Commits a change that a proof has opened; every session of the person ends. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ChangeCommit'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PasswordChanged'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/proof/finish': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Second step of a proof made on a device: what it opens is decided and stored in one transaction. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ProofFinish'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Proved'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/proof/start': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** First step of a proof made on a device. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ProofStart'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ProofStarted'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/report': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Takes a report of how a binding's stores stand. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Report'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Reported'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/device/unlink': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Removes a binding with its shares: the account keeps its password. Repeating it is fine. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Unlink'];
        };
      };
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/logo': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The organisation's logo, for pages; nothing where there is none. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'image/png': string;
          };
        };
        /** @description There is no logo */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The logo that the client has */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The person, their password's standing, and their computers. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Me'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/enrolments': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Makes an enrolment string for one computer of the person's own. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OwnEnrolment'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The same, as a stream of `me` events: now and at every change. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': components['schemas']['Me'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/factors': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Begins to enrol a second factor; it counts once its first code came. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['FactorStart'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['FactorStarted'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/factors/{factor}/confirm': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Enrols a factor by its first code. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The factor */
          factor: components['schemas']['FactorId'];
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['FactorProof'];
        };
      };
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/factors/{factor}/remove': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Removes a factor, by a code of it; who has lost it asks an admin to reset it. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The factor */
          factor: components['schemas']['FactorId'];
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['FactorProof'];
        };
      };
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/password/finish': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Second step: sets the new password and ends every other session. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['PasswordFinish'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PasswordChanged'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/password/start': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** First step: answers the proof of the current password and the registration of the new one. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['PasswordStart'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PasswordStarted'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/sessions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Where the person is signed in. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sessions'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /** Ends every session of the person but the one that asks. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/sessions/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The same, as a stream of `sessions` events: now and at every change. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': components['schemas']['Sessions'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/sessions/{session}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Ends one of the person's sessions. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The session's name */
          session: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/organisation': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The organisation's words and rules. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Organisation'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/session': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Ends the session. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/session/not-me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Disowns the change that has ended the session which asks. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Reported'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/finish': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Second step of a sign-in. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['SignInFinish'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SessionOpened'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/start': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** First step of a sign-in; the same work and the same shape for people who don't exist. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['SignInStart'];
        };
      };
      responses: {
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SignInStarted'];
          };
        };
        '4XX': {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description Second step: spends the invitation and signs in. */
    ActivationFinish: {
      /** @description How the session is to be carried. */
      carry: components['schemas']['Carry'];
      /** @description OPAQUE `RegistrationRecord`. */
      registration_record: components['schemas']['Bytes'];
      /** @description The invitation's token. */
      token: components['schemas']['Token'];
    };
    /** @description Whom a link is for, and what it does. */
    ActivationOffer: {
      /** @description The name to greet them by. */
      display_name: string;
      /** @description When the link stops working. */
      expires_at: components['schemas']['Timestamp'];
      /** @description Whether it gives the first password or replaces a forgotten one. */
      kind: components['schemas']['LinkKind'];
      /** @description The person's user name. */
      user_name: string;
    };
    /** @description Presents an invitation's one-time token. */
    ActivationOpen: {
      /** @description The token, from the link's fragment. */
      token: components['schemas']['Token'];
    };
    /** @description First step of choosing the first password, or of replacing a forgotten one. */
    ActivationStart: {
      /** @description OPAQUE `RegistrationRequest`. */
      registration_request: components['schemas']['Bytes'];
      /** @description The invitation's token. */
      token: components['schemas']['Token'];
    };
    /** @description Answer to [`ActivationStart`]. */
    ActivationStarted: {
      /** @description What the client needs beside it. */
      credential: components['schemas']['Credential'];
      /** @description OPAQUE `RegistrationResponse`. */
      registration_response: components['schemas']['Bytes'];
    };
    /** @description The newest part of the audit. */
    Audit: {
      /** @description Newest first; 200 lines at most. */
      entries: components['schemas']['AuditRow'][];
    };
    /** @description One line of the audit. */
    AuditRow: {
      /** @description What: a word of the closed list of audited actions. */
      action: string;
      /** @description Who: a user name, "computer NAME", "directory" or "somebody". */
      actor: string;
      /** @description From which address. */
      address: string;
      /** @description When. */
      at: components['schemas']['Timestamp'];
      /** @description "ok", or the code it was refused with. */
      result: string;
      /**
       * Format: int64
       * @description Its number.
       */
      sequence: number;
      /** @description Whom or what it concerned. */
      subject: string;
    };
    /**
     * Format: uuid
     * @description One person, one device, one local account; drawn by the device.
     */
    BindingId: string;
    /** @description Where one binding's person stands: never a secret, always the whole truth of the moment. */
    BindingNews: {
      /** @description Which binding. */
      binding: components['schemas']['BindingId'];
      /** @description How that password came to be. */
      changed: components['schemas']['Provenance'];
      /** @description The name to greet them by; a new password must not hold it. */
      display_name: string;
      expires_at?: components['schemas']['Timestamp'] | null;
      held?: components['schemas']['Code'] | null;
      /**
       * Format: int32
       * @description How many other computers of the person have yet to follow.
       */
      other_computers: number;
      /** @description The person's stamp. */
      stamp: components['schemas']['Stamp'];
      /** @description Whether an admin issued that password for one use: the person chooses an own one first. */
      temporary?: boolean;
      /** @description The person's user name. */
      user_name: string;
    };
    /** @description base64url without padding */
    Bytes: string;
    /**
     * @description How a session's token travels.
     * @enum {string}
     */
    Carry: 'cookie' | 'bearer';
    /** @description Commits a change that a proof with [`Purpose::Change`] has opened. */
    ChangeCommit: {
      /** @description The proof's attempt. */
      attempt: string;
      /** @description The stamp that is to be replaced. */
      from: components['schemas']['Stamp'];
      /**
       * @description What the record was made with, as the directory had said: if that was altered on the
       *     way, the password would never prove.
       */
      made_with: components['schemas']['Credential'];
      /** @description OPAQUE `RegistrationRecord` of the new password. */
      registration_record: components['schemas']['Bytes'];
    };
    /**
     * @description Through what a change of the password came.
     * @enum {string}
     */
    Channel: 'invitation' | 'portal' | 'computer' | 'reset_link' | 'admin';
    /** @description What a device learns when it checks in, and as the first event of its stream. */
    CheckIn: {
      /** @description Where each of its bindings stands. */
      bindings: components['schemas']['BindingNews'][];
      /**
       * Format: int32
       * @description For how many days a sealed copy is kept after everything was opened with a newer password.
       */
      keep_former_days?: number;
      /** @description Words and rules. */
      organisation: components['schemas']['Organisation'];
      /** @description The OPAQUE key, vouched for. */
      vouch: components['schemas']['Vouch'];
    };
    /**
     * @description A code of the closed list in docs/errors.md
     * @enum {string}
     */
    Code:
      | 'LS-1001'
      | 'LS-1002'
      | 'LS-1003'
      | 'LS-1004'
      | 'LS-1005'
      | 'LS-1006'
      | 'LS-1007'
      | 'LS-1008'
      | 'LS-1009'
      | 'LS-1010'
      | 'LS-1011'
      | 'LS-1020'
      | 'LS-2001'
      | 'LS-2002'
      | 'LS-2003'
      | 'LS-2004'
      | 'LS-2005'
      | 'LS-2006'
      | 'LS-2007'
      | 'LS-2008'
      | 'LS-2009'
      | 'LS-2010'
      | 'LS-2011'
      | 'LS-2012'
      | 'LS-2013'
      | 'LS-2014'
      | 'LS-2015'
      | 'LS-2016'
      | 'LS-2017'
      | 'LS-2018'
      | 'LS-2019'
      | 'LS-2020'
      | 'LS-3001'
      | 'LS-3002'
      | 'LS-3003'
      | 'LS-3004'
      | 'LS-3005'
      | 'LS-3006'
      | 'LS-3007'
      | 'LS-3008'
      | 'LS-3009'
      | 'LS-3010'
      | 'LS-3011'
      | 'LS-3012'
      | 'LS-4001'
      | 'LS-4002'
      | 'LS-4003'
      | 'LS-4004'
      | 'LS-4005'
      | 'LS-4006'
      | 'LS-4007'
      | 'LS-4008'
      | 'LS-4009'
      | 'LS-4010'
      | 'LS-4011'
      | 'LS-4012'
      | 'LS-4013'
      | 'LS-4014'
      | 'LS-4015'
      | 'LS-4016'
      | 'LS-4017'
      | 'LS-4018'
      | 'LS-4019'
      | 'LS-4020'
      | 'LS-4021'
      | 'LS-4022'
      | 'LS-4023'
      | 'LS-4024'
      | 'LS-4025'
      | 'LS-4026'
      | 'LS-4027'
      | 'LS-4028'
      | 'LS-4029'
      | 'LS-4030'
      | 'LS-5001'
      | 'LS-5002'
      | 'LS-5003'
      | 'LS-5004'
      | 'LS-5005'
      | 'LS-5006'
      | 'LS-5007'
      | 'LS-5008'
      | 'LS-5009'
      | 'LS-5010'
      | 'LS-5011'
      | 'LS-5012'
      | 'LS-5013'
      | 'LS-5014'
      | 'LS-5015'
      | 'LS-9001'
      | 'LS-9002'
      | 'LS-9003'
      | 'LS-9004';
    /** @description One of a person's computers. */
    Computer: {
      /** @description The local account that is linked. */
      account: string;
      /** @description The device. */
      device: components['schemas']['DeviceId'];
      last_contact?: components['schemas']['Timestamp'] | null;
      /** @description Its name. */
      name: string;
      /** @description Whether it is connected now. */
      online: boolean;
      /** @description Where it stands as a whole. */
      standing: components['schemas']['Standing'];
      /** @description Each store, in the order in which they move. */
      stores: components['schemas']['StoreRow'][];
      /** @description Its operating system, for people: "Debian 12". */
      system: string;
    };
    /** @description One line of the list of computers. */
    ComputerRow: components['schemas']['Computer'] & {
      /** @description The generation that the person's password has. */
      generation: components['schemas']['Generation'];
      /** @description Whose it is, as user name. */
      user_name: string;
    };
    /** @description Every computer. */
    Computers: {
      /** @description Those that are linked to a person, by user name and computer. */
      computers: components['schemas']['ComputerRow'][];
      /** @description Those that are only enrolled. */
      unlinked: components['schemas']['UnlinkedDevice'][];
    };
    /**
     * @description What a client must know to run OPAQUE for one credential.
     *
     *     An unknown person gets an answer of the same shape.
     */
    Credential: {
      /** @description OPAQUE's client identifier: the person's immutable id. */
      client_identifier: string;
      /** @description The key stretching's parameters; clients refuse any below their floor. */
      ksf: components['schemas']['Ksf'];
      /**
       * Format: int32
       * @description The normalisation rule's number.
       */
      normalisation: number;
      /** @description OPAQUE's server identifier: the realm. */
      server_identifier: string;
      /**
       * Format: int32
       * @description The cipher suite's number.
       */
      suite: number;
    };
    /**
     * Format: uuid
     * @description An enrolled computer.
     */
    DeviceId: string;
    /** @description "This wasn't me", said on a computer of the change that it knows of. */
    Disown: {
      /** @description Which binding. */
      binding: components['schemas']['BindingId'];
      /** @description The change that is disowned: the present one. */
      stamp: components['schemas']['Stamp'];
    };
    /** @description Enrols a computer; signed with the key that it brings. */
    Enrol: {
      /** @description The agent's version. */
      agent_version: string;
      /** @description The computer's name. */
      name: string;
      /** @description Its operating system, for people: "Debian 12". */
      system: string;
      /** @description The enrolment string's token. */
      token: components['schemas']['Token'];
    };
    /** @description The computer is enrolled. */
    Enrolled: {
      /** @description Its id from now on. */
      device: components['schemas']['DeviceId'];
      /** @description Words and rules. */
      organisation: components['schemas']['Organisation'];
      /** @description The realm, which is OPAQUE's server identifier. */
      realm: string;
      /** @description The OPAQUE key, vouched for. */
      vouch: components['schemas']['Vouch'];
    };
    /** @description An enrolment string; shown once. */
    Enrolment: {
      /** @description The string, to be piped or pasted into `lockstep enrol`. */
      enrolment: components['schemas']['Token'];
      /** @description When it stops working. */
      expires_at: components['schemas']['Timestamp'];
    };
    /**
     * Format: uuid
     * @description One sealed copy of one generation's password; drawn by the device, so that a lost race or a
     *     second binding never overwrites another envelope.
     */
    EnvelopeId: string;
    /**
     * Format: uuid
     * @description A life of the directory's database; a restore from a backup starts a new one.
     */
    Epoch: string;
    /** @description What a person shows of their second factor at a proof. */
    FactorAnswer: {
      /** @description The code that the app shows now; spaces are passed over. */
      code: components['schemas']['Token'];
      /** @enum {string} */
      kind: 'totp';
    };
    /**
     * Format: uuid
     * @description One second factor of a person, from its enrolment to its end.
     */
    FactorId: string;
    /**
     * @description What a second factor is.
     * @enum {string}
     */
    FactorKind: 'totp';
    /** @description Shows that the person holds a factor. */
    FactorProof: {
      /** @description The code that the app shows now; spaces are passed over. */
      code: components['schemas']['Token'];
    };
    /** @description One second factor that is enrolled. */
    FactorRow: {
      /** @description The factor. */
      factor: components['schemas']['FactorId'];
      /** @description What it is. */
      kind: components['schemas']['FactorKind'];
      /** @description Since when. */
      since: components['schemas']['Timestamp'];
    };
    /** @description Begins to enrol a second factor; what was begun before and not confirmed is forgotten. */
    FactorStart: {
      /** @description Which kind. */
      kind: components['schemas']['FactorKind'];
    };
    /** @description A factor that is enrolled once its first code came. What it holds is shown once. */
    FactorStarted: {
      /** @description Until when the first code can come. */
      expires_at: components['schemas']['Timestamp'];
      /** @description The factor. */
      factor: components['schemas']['FactorId'];
      /** @description The secret alone, in base32, to be typed into an app. */
      secret: components['schemas']['Token'];
      /** @description What an authenticator app reads from a QR code: `otpauth://totp/...`. */
      uri: components['schemas']['Token'];
    };
    /**
     * Format: int32
     * @description The directory's counter of a person's password: 1, 2, 3 ... within an epoch.
     */
    Generation: number;
    /** @description A person was added; the link is shown once and works once. */
    Invited: {
      /** @description The activation link; its token is in the fragment. */
      activation_link: components['schemas']['Token'];
      /** @description When the link stops working. */
      expires_at: components['schemas']['Timestamp'];
      /** @description The person. */
      person: components['schemas']['PersonId'];
    };
    /** @description Second step: puts the issued password in force and ends every session of the person. */
    IssueFinish: {
      /** @description From [`IssueStarted`]. */
      attempt: string;
      /** @description OPAQUE `RegistrationRecord`. */
      registration_record: components['schemas']['Bytes'];
      /** @description Whether the person has to choose an own one at the first use. */
      temporary: boolean;
    };
    /** @description First step of issuing a password: the admin's program draws it, the directory never sees it. */
    IssueStart: {
      /** @description OPAQUE `RegistrationRequest`. */
      registration_request: components['schemas']['Bytes'];
    };
    /** @description Answer to [`IssueStart`]. */
    IssueStarted: {
      /** @description Names this attempt; good for one finish within a minute. */
      attempt: string;
      /** @description What the client needs beside it. */
      credential: components['schemas']['Credential'];
      /** @description OPAQUE `RegistrationResponse`. */
      registration_response: components['schemas']['Bytes'];
    };
    /** @description A password was issued. */
    Issued: {
      /** @description The computers that still open, and start, with the former password. */
      behind: components['schemas']['Computer'][];
      /** @description Its generation. */
      generation: components['schemas']['Generation'];
    };
    /** @description The IT contact, shown beside every error. */
    ItContact: {
      /** @description An e-mail address, or empty. */
      email: string;
      /** @description A person or desk. */
      name: string;
      /** @description A phone number, or empty. */
      phone: string;
    };
    /** @description Parameters of Argon2id (RFC 9106), which stretches the password on the client's side. */
    Ksf: {
      /**
       * Format: int32
       * @description Passes.
       */
      iterations: number;
      /**
       * Format: int32
       * @description Memory in KiB.
       */
      memory_kib: number;
      /**
       * Format: int32
       * @description Lanes.
       */
      parallelism: number;
    };
    /**
     * @description What a one-time link does.
     * @enum {string}
     */
    LinkKind: 'invitation' | 'reset';
    /** @description Asks for the other computers of a binding's person. */
    ListComputers: {
      /** @description Which binding. */
      binding: components['schemas']['BindingId'];
    };
    /** @description The organisation's logo. */
    Logo: {
      png?: components['schemas']['Bytes'] | null;
    };
    /** @description The person, their password's standing, and their computers; also each event of `me/events`. */
    Me: {
      /** @description Whether their computers ask for one after an issued password, by the organisation's rule. */
      asks_for_factor: boolean;
      /** @description How that password came to be. */
      changed: components['schemas']['Provenance'];
      /** @description Their computers, by name. */
      computers: components['schemas']['Computer'][];
      /** @description The name to greet them by. */
      display_name: string;
      /** @description Their second factors that are enrolled. */
      factors: components['schemas']['FactorRow'][];
      /** @description The person's id. */
      person: components['schemas']['PersonId'];
      recovered?: components['schemas']['Recovered'] | null;
      /** @description What else they may do here. */
      role: components['schemas']['Role'];
      /** @description Their password's stamp. */
      stamp: components['schemas']['Stamp'];
      /** @description Whether an admin issued that password for one use: the person chooses an own one first. */
      temporary: boolean;
      /** @description The user name. */
      user_name: string;
    };
    /** @description Makes an enrolment string. */
    NewEnrolment: {
      /**
       * Format: int32
       * @description How many computers may use it: 1 to 10,000.
       */
      uses: number;
      /**
       * Format: int32
       * @description How long it works, in seconds: at most 30 days.
       */
      valid_for_s: number;
    };
    /** @description Sets the logo. */
    NewLogo: {
      /** @description A PNG of at most 200,000 bytes, 16 to 1024 pixels wide and high. */
      png: components['schemas']['Bytes'];
    };
    /** @description Adds a person. */
    NewPerson: {
      /** @description The name to greet them by; 1 to 128 characters. */
      display_name: string;
      /** @description 1 to 64 characters of a-z, 0-9, dot, dash, underscore. */
      user_name: string;
    };
    /** @description The organisation's words and rules, for every window and page. */
    Organisation: {
      /** @description Whom to ask for help. */
      it_contact: components['schemas']['ItContact'];
      /** @description The SHA-256 of its logo in hexadecimal; none without a logo. */
      logo?: string | null;
      /** @description Its name. */
      name: string;
      /** @description The rules for a new password. */
      policy: components['schemas']['Policy'];
      /**
       * Format: int32
       * @description After how many hours somebody who put their new password off is reminded: 1 to 24.
       */
      reminder_hours?: number;
    };
    /** @description The other computers of a binding's person. */
    OtherComputers: {
      /** @description The computers, by name. */
      computers: components['schemas']['Computer'][];
    };
    /** @description An enrolment string for a computer of the person's own; shown once, works once. */
    OwnEnrolment: {
      /** @description The string, to be pasted into `lockstep enrol`. */
      enrolment: components['schemas']['Token'];
      /** @description When it stops working. */
      expires_at: components['schemas']['Timestamp'];
    };
    /** @description The new standing after a change. */
    PasswordChanged: {
      /** @description The new password's stamp. */
      stamp: components['schemas']['Stamp'];
    };
    /** @description Second step of a change. Every other session of the person ends. */
    PasswordFinish: {
      /** @description From [`PasswordStarted`]. */
      attempt: string;
      /** @description OPAQUE KE3: the proof of the current password. */
      finish: components['schemas']['Bytes'];
      /** @description OPAQUE `RegistrationRecord` of the new one. */
      registration_record: components['schemas']['Bytes'];
    };
    /** @description First step of a change: a fresh proof of the current password and a new registration. */
    PasswordStart: {
      /** @description OPAQUE `RegistrationRequest` with the new one. */
      registration_request: components['schemas']['Bytes'];
      /** @description OPAQUE KE1 with the current password. */
      request: components['schemas']['Bytes'];
    };
    /** @description Answer to [`PasswordStart`]. */
    PasswordStarted: {
      /** @description Names this attempt; good for one finish within a minute. */
      attempt: string;
      /** @description What the client needs for the current password. */
      credential: components['schemas']['Credential'];
      /** @description The stamp that this change would replace. */
      from: components['schemas']['Stamp'];
      /** @description What the client needs for the new password. */
      new_credential: components['schemas']['Credential'];
      /** @description OPAQUE `RegistrationResponse`. */
      registration_response: components['schemas']['Bytes'];
      /** @description OPAQUE KE2. */
      response: components['schemas']['Bytes'];
    };
    /** @description The list of people, by user name. */
    People: {
      /** @description The lines. */
      people: components['schemas']['PersonRow'][];
    };
    /**
     * Format: uuid
     * @description A person in the directory; it never changes, whatever happens to the user name.
     */
    PersonId: string;
    /** @description One line of the list of people. */
    PersonRow: {
      changed_at?: components['schemas']['Timestamp'] | null;
      /**
       * Format: int32
       * @description How many computers they have.
       */
      computers: number;
      /**
       * Format: int32
       * @description How many of their computers are in sync.
       */
      computers_in_sync: number;
      /** @description The name shown. */
      display_name: string;
      generation?: components['schemas']['Generation'] | null;
      /** @description The person. */
      person: components['schemas']['PersonId'];
      report?: components['schemas']['ReportRow'] | null;
      /** @description What they may do. */
      role: components['schemas']['Role'];
      /** @description Where their account stands. */
      status: components['schemas']['PersonStatus'];
      /** @description Whether their password was issued for one use and is still in force. */
      temporary: boolean;
      /** @description The user name. */
      user_name: string;
    };
    /**
     * @description Where a person's account in the directory stands.
     * @enum {string}
     */
    PersonStatus: 'pending' | 'active' | 'locked' | 'suspended';
    /** @description The organisation's rules for a new password. */
    Policy: {
      /**
       * Format: int32
       * @description The fewest characters (Unicode scalar values after normalisation): 8 to 64.
       */
      min_length: number;
    };
    /** @description Sets some of [`PolicyRules`]; what is left out stays. */
    PolicyChange: {
      /**
       * Format: int32
       * @description 0 to 3650.
       */
      expiry_days?: number | null;
      /**
       * Format: int32
       * @description 1 to 24.
       */
      reminder_hours?: number | null;
    };
    /** @description What admins set of reminders and expiry. */
    PolicyRules: {
      /**
       * Format: int32
       * @description After how many days people are told that their password has expired: at most 3650; 0 for
       *     never. Nothing is locked then.
       */
      expiry_days: number;
      /**
       * Format: int32
       * @description After how many hours somebody who put their new password off is reminded: 1 to 24.
       */
      reminder_hours: number;
    };
    /** @description Why a request was refused. Nothing was changed, unless the code says otherwise. */
    Problem: {
      /** @description The code of the closed list. */
      code: components['schemas']['Code'];
      ended_by?: components['schemas']['Provenance'] | null;
      /** @description What to do next. */
      next_step: string;
      /** @description The request's number, by which the directory's log is searched. */
      request_id?: string | null;
      /** @description Whether trying again can help. */
      retry: components['schemas']['Retry'];
      /** @description Its sentence, with the organisation's name in it; the computer is called "computer". */
      sentence: string;
    };
    /** @description Second step of a proof. */
    ProofFinish: {
      /** @description The local account's name, only when the binding is about to be made. */
      account?: string | null;
      /** @description From [`ProofStarted`]. */
      attempt: string;
      /** @description The envelopes whose shares are asked for. */
      envelopes: components['schemas']['EnvelopeId'][];
      factor?: components['schemas']['FactorAnswer'] | null;
      /** @description OPAQUE KE3. */
      finish: components['schemas']['Bytes'];
      new_envelope?: components['schemas']['EnvelopeId'] | null;
      reset?: components['schemas']['Bytes'] | null;
    };
    /**
     * @description First step of a proof made on a device.
     *
     *     OPAQUE runs with the [context](crate::api::device::proof_context) of purpose, device and
     *     binding, so that no other proof can stand in for it.
     */
    ProofStart: {
      /** @description The binding; drawn by the device when it is about to be made. */
      binding: components['schemas']['BindingId'];
      /** @description What the proof is for. */
      purpose: components['schemas']['Purpose'];
      registration_request?: components['schemas']['Bytes'] | null;
      /** @description OPAQUE KE1. */
      request: components['schemas']['Bytes'];
      /** @description Whose password, only when the binding is about to be made. */
      user_name?: string | null;
    };
    /** @description Answer to [`ProofStart`]. */
    ProofStarted: {
      /** @description Names this attempt; good for one finish within a minute. */
      attempt: string;
      /** @description What the client needs beside it. */
      credential: components['schemas']['Credential'];
      new_credential?: components['schemas']['Credential'] | null;
      registration_response?: components['schemas']['Bytes'] | null;
      /** @description OPAQUE KE2. */
      response: components['schemas']['Bytes'];
    };
    /** @description The proof holds. */
    Proved: {
      /** @description How that password came to be. */
      changed: components['schemas']['Provenance'];
      factor_wanted?: components['schemas']['FactorKind'] | null;
      order?: components['schemas']['SignedOrder'] | null;
      /** @description Whose password was proved. */
      person: components['schemas']['PersonId'];
      /** @description The shares, sealed under the proof's session key. */
      shares: components['schemas']['Bytes'];
      /** @description The stamp of the password proved. */
      stamp: components['schemas']['Stamp'];
      /** @description Whether an admin issued that password for one use. */
      temporary?: boolean;
      /** @description Envelopes asked for whose share is gone or not released. */
      withheld: components['schemas']['EnvelopeId'][];
    };
    /** @description The story of one generation. */
    Provenance: {
      /** @description The network address it came from. */
      address: string;
      /** @description When the directory took it, by the directory's clock. */
      at: components['schemas']['Timestamp'];
      /** @description Through what. */
      channel: components['schemas']['Channel'];
      /** @description The browser and system ("Firefox on Linux"), the computer's name, or the admin's. */
      client: string;
    };
    /**
     * @description What a proof made on a device is for.
     * @enum {string}
     */
    Purpose: 'link' | 'sync' | 'change';
    /** @description A former password was recovered on a computer though another had been issued since. */
    Recovered: {
      /** @description The network address. */
      address: string;
      /** @description When. */
      at: components['schemas']['Timestamp'];
      /** @description The computer's name. */
      computer: string;
    };
    /** @description How a binding's stores stand. */
    Report: {
      /** @description Which binding. */
      binding: components['schemas']['BindingId'];
      problem?: components['schemas']['Code'] | null;
      stamp?: components['schemas']['Stamp'] | null;
      /** @description Each store. */
      stores: components['schemas']['StoreRow'][];
    };
    /** @description "This wasn't me": a person's word that somebody else changed their password. */
    ReportRow: {
      /** @description The network address. */
      address: string;
      /** @description When it came. */
      at: components['schemas']['Timestamp'];
      /** @description The browser and system, or the computer's name. */
      client: string;
    };
    /** @description "This wasn't me", said of the change that ended a session; its token is its proof. */
    Reported: {
      /** @description When the directory took it. */
      at: components['schemas']['Timestamp'];
      /** @description Whether it locked the account; if not, the admins were told. */
      locked: boolean;
    };
    /** @description A reset link; shown once, works once. */
    ResetLink: {
      /** @description When it stops working. */
      expires_at: components['schemas']['Timestamp'];
      /** @description The link; its token is in the fragment. */
      reset_link: components['schemas']['Token'];
    };
    /** @description Retires envelopes; their shares are deleted. */
    RetireEnvelopes: {
      /** @description Which binding. */
      binding: components['schemas']['BindingId'];
      /** @description The envelopes; the device has erased its copies already. */
      envelopes: components['schemas']['EnvelopeId'][];
    };
    /**
     * @description Whether trying again can help.
     * @enum {string}
     */
    Retry: 'now' | 'later' | 'after_input' | 'never';
    /**
     * @description What a person may do beyond their own affairs.
     * @enum {string}
     */
    Role: 'person' | 'owner';
    /** @description A session has begun. */
    SessionOpened: {
      /** @description Whose it is. */
      person: components['schemas']['PersonId'];
      token?: components['schemas']['Token'] | null;
    };
    /** @description One place where the person is signed in. */
    SessionRow: {
      /** @description The network address. */
      address: string;
      /** @description The browser and system. */
      client: string;
      /** @description When it ends by itself. */
      expires_at: components['schemas']['Timestamp'];
      /** @description Names the session; good for ending it, not for using it. */
      session: string;
      /** @description When it began. */
      since: components['schemas']['Timestamp'];
      /** @description Whether it is the one that asks. */
      this_one: boolean;
    };
    /** @description Where the person is signed in: this session first, then the newest. */
    Sessions: {
      /** @description The sessions. */
      sessions: components['schemas']['SessionRow'][];
    };
    /** @description Second step of a sign-in (OPAQUE KE3). */
    SignInFinish: {
      /** @description From [`SignInStarted`]. */
      attempt: string;
      /** @description How the session is to be carried. */
      carry: components['schemas']['Carry'];
      /** @description OPAQUE KE3. */
      finish: components['schemas']['Bytes'];
    };
    /** @description First step of a sign-in (OPAQUE KE1). */
    SignInStart: {
      /** @description OPAQUE KE1. */
      request: components['schemas']['Bytes'];
      /** @description The user name, as typed. */
      user_name: string;
    };
    /** @description Answer to [`SignInStart`] (OPAQUE KE2); of the same shape for unknown people. */
    SignInStarted: {
      /** @description Names this attempt; good for one finish within a minute. */
      attempt: string;
      /** @description What the client needs beside it. */
      credential: components['schemas']['Credential'];
      /** @description OPAQUE KE2. */
      response: components['schemas']['Bytes'];
    };
    /** @description A reset order as it travels. */
    SignedOrder: {
      /** @description The JSON of the claims. */
      claims: components['schemas']['Bytes'];
      /** @description The realm key's signature over it (ECDSA P-256, SHA-256, fixed form). */
      signature: components['schemas']['Bytes'];
    };
    /**
     * @description Epoch and generation together: the name of one password of one person.
     *
     *     Stamps of different epochs are not ordered, hence no `Ord` that would pretend so; see
     *     [`Stamp::follows`].
     */
    Stamp: {
      /** @description The life of the database in which the generation was counted. */
      epoch: components['schemas']['Epoch'];
      /** @description The count. */
      generation: components['schemas']['Generation'];
    };
    /**
     * @description Where a computer stands as a whole.
     * @enum {string}
     */
    Standing: 'in_sync' | 'asks_now' | 'asks_when_online' | 'working' | 'problem';
    /**
     * @description A kind of store. The order is the order in which stores move to a new password.
     * @enum {string}
     */
    StoreKind: 'disk' | 'account' | 'keychain';
    /** @description One store of a computer. */
    StoreRow: components['schemas']['StoreState'] & {
      /** @description Which store. */
      kind: components['schemas']['StoreKind'];
    };
    /** @description How one store stands, as a person is told. */
    StoreState:
      | {
          /** @description The generation it was opened with. */
          generation: components['schemas']['Generation'];
          /** @enum {string} */
          state: 'in_sync';
          /** @description When it was opened, by the device's clock. */
          tested_at: components['schemas']['Timestamp'];
        }
      | {
          /** @enum {string} */
          state: 'waiting';
        }
      | {
          /** @enum {string} */
          state: 'changing';
        }
      | {
          /** @enum {string} */
          state: 'testing';
        }
      | {
          /** @description Since when. */
          since: components['schemas']['Timestamp'];
          /** @enum {string} */
          state: 'needs_you';
        }
      | {
          /** @description Why. */
          code: components['schemas']['Code'];
          /** @enum {string} */
          state: 'problem';
        }
      | {
          /** @enum {string} */
          state: 'not_tested';
        };
    /**
     * Format: int64
     * @description A moment in milliseconds since 1970-01-01 UTC; for people and logs, never for ordering.
     */
    Timestamp: number;
    /** @description A text that opens something once or for a while. It can be sent, and not be printed by accident. */
    Token: string;
    /** @description Removes a binding. */
    Unlink: {
      /** @description Which binding. */
      binding: components['schemas']['BindingId'];
    };
    /** @description An enrolled device that nobody is linked to yet. */
    UnlinkedDevice: {
      /** @description The device. */
      device: components['schemas']['DeviceId'];
      /** @description Its name. */
      name: string;
    };
    /**
     * @description The directory's vouching for its OPAQUE key, made with the realm key pinned at enrolment.
     *
     *     Devices check it before they type a password into the protocol, so that the OPAQUE key can
     *     be rotated and no other server can pose as the directory.
     */
    Vouch: {
      /** @description The OPAQUE server's public key. */
      opaque_key: components['schemas']['Bytes'];
      /** @description The realm key's signature (ECDSA P-256, SHA-256, fixed form) over the key and the realm. */
      signature: components['schemas']['Bytes'];
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;

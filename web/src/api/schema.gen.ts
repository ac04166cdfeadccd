// Made from openapi.json by `npm run api`. Do not edit.

export interface paths {
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in. */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session of the cookie; its access tokens end with it, at once. */
        post: operations["log_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is calling. */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes the caller's name or address. */
        patch: operations["update_me"];
        trace?: never;
    };
    "/api/v1/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the caller's password and signs them out everywhere else. */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges the cookie for a new one and a new access token.
         * @description A cookie that was exchanged before ends the whole session: somebody has a copy of it.
         */
        post: operations["refresh_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an account and signs it in. */
        post: operations["register_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the caller is signed in, the last used first. */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        /** Signs the caller out everywhere but here. */
        delete: operations["end_other_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Signs a browser of the caller's out, at once. */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells the sign-in page whether to offer set-up or registration. */
        get: operations["setup_state"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One deployment. */
        get: operations["get_deployment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops a deployment. One that runs is stopped by its worker within seconds; asking twice is fine. */
        post: operations["cancel_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is different from the release before. */
        get: operations["get_deployment_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A deployment's build log.
         * @description With `Accept: text/event-stream` live: `log` events (data: a line; id: its number), `status` events when the
         *     deployment goes on, one `end` event after the last line. `Last-Event-ID` resumes behind that line.
         */
        get: operations["get_build_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{id}/redeploy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Builds the commit of a deployment again, with the settings and variables of today. */
        post: operations["redeploy_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/detect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Looks at a repository that is no project yet, and lists its branches. */
        post: operations["detect_repository"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/apps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the team's GitHub Apps and where they are installed. */
        get: operations["list_github_apps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/apps/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forgets a GitHub App with its secrets. Its projects stay; private ones need another way to their repositories. The App
         *     itself can only be deleted at GitHub.
         */
        delete: operations["delete_github_app"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/apps/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks GitHub where the App is installed. The dashboard calls this when GitHub sends somebody back after an installation;
         *     deliveries about installations do the same without being asked, where GitHub can reach this instance.
         */
        post: operations["refresh_github_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finishes the connection of a GitHub App. GitHub sends the browser to the dashboard, which calls this with the session's
         *     token: a link that somebody else prepared has the state of another session, or none (threats.md input 15).
         */
        post: operations["finish_github_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/form": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A page that sends the browser to GitHub with the description of the new App. It is a page of its own, because it may do
         *     what the dashboard may not: send a form to another site. Who knows the state began the connection.
         */
        get: operations["get_github_app_form"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/manifest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins to connect a GitHub App. What GitHub brings back is taken from this session only, once. */
        post: operations["begin_github_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/github/repositories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists and searches the repositories that the team's GitHub Apps reach. */
        get: operations["list_github_repositories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The team's invitations, newest first. */
        get: operations["list_invitations"];
        put?: never;
        /** Invites somebody to the team. The secret is handed over by the caller; it works once, for a week. */
        post: operations["create_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an invitation back. */
        delete: operations["delete_invitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The team's projects, newest first. */
        get: operations["list_projects"];
        put?: never;
        /** Makes a project. Nothing is deployed by it. */
        post: operations["create_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One project. */
        get: operations["get_project"];
        put?: never;
        post?: never;
        /** Deletes a project: its sites stop answering at once, its builds are stopped, its files are removed soon after. */
        delete: operations["delete_project"];
        options?: never;
        head?: never;
        /** Changes a project. Deployments that were accepted before keep the settings they were made with. */
        patch: operations["update_project"];
        trace?: never;
    };
    "/api/v1/projects/{project}/deploy-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public part of the project's SSH key, and the server it knows. */
        get: operations["get_deploy_key"];
        put?: never;
        /** Makes a new SSH key (ed25519) for the project; an earlier one is forgotten. Enter its public part at the Git server. */
        post: operations["create_deploy_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/deploy-key/host-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets the Git server's key: the next deployment trusts the one it finds then. */
        delete: operations["forget_host_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's deployments, newest first. */
        get: operations["list_deployments"];
        put?: never;
        /** Deploys. The deployment is accepted, not done: follow it by its log or its status. */
        post: operations["create_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/detect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Looks at the project's repository without deploying it. */
        post: operations["detect_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/domains": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's own domains, newest first. */
        get: operations["list_domains"];
        put?: never;
        /** Adds a domain. It gets traffic once the TXT record in the answer is found. */
        post: operations["create_domain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/domains/{hostname}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a domain; it stops answering at once. */
        delete: operations["delete_domain"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/domains/{hostname}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has the domain's DNS looked at now. The look has ended once `checked_at` is not before the answer's `next_check_at`. */
        post: operations["check_domain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/env": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's variables by name, all of them in one page. Values of secret ones are never shown. */
        get: operations["list_env_vars"];
        /** Sets all variables at once, in one step. */
        put: operations["replace_env_vars"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/env/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets one variable. */
        put: operations["put_env_var"];
        post?: never;
        /** Deletes one variable. */
        delete: operations["delete_env_var"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's environments, all of them in one page: production, then previews by their last deployment. */
        get: operations["list_environments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a preview. The next push to its branch or pull request opens it again. */
        delete: operations["delete_preview"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approves the head of a fork's pull request and deploys exactly that commit. It is built without the project's secrets. */
        post: operations["approve_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/instances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The running copies of the project's app, those of the newest release first; a static site has none. */
        get: operations["list_instances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the project's running apps print; without a cursor the newest lines.
         * @description With `Accept: text/event-stream` live: `log` events (data: a line; id: its id). `Last-Event-ID` resumes behind that
         *     line.
         */
        get: operations["get_runtime_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a ready release live, with the settings and variables it was made with. */
        post: operations["promote_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/provider": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the project reports to its Git provider. */
        get: operations["get_provider"];
        /**
         * Reports to the Git provider from now on: a status on every commit that is deployed, and one comment with the preview's
         *     address on a pull request.
         */
        put: operations["put_provider"];
        post?: never;
        /** Ends reporting and forgets the token. */
        delete: operations["delete_provider"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an earlier release live again, with the settings and variables it was made with. */
        post: operations["rollback_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/traffic": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What visitors asked of a project in the last hour or day, as the proxies counted it. It begins anew when Redis does. */
        get: operations["get_project_traffic"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins an upload by the list of a folder, or takes the whole folder as a tar archive (`application/x-tar`, or compressed
         *     as `application/gzip`). The same folder again is the same upload: only files the project lacks have to be sent.
         */
        post: operations["create_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/uploads/{id}/files/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sends one of the files an upload is missing. Sending it again does no harm. */
        put: operations["put_upload_file"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a project uses right now. */
        get: operations["get_project_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What to enter at the Git provider, so that a push deploys. */
        get: operations["get_webhook"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/webhook-deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's deliveries, newest first. */
        get: operations["list_webhook_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/webhook-deliveries/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Does again what a delivery asked for, by the project's settings of today. */
        post: operations["replay_webhook_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/webhook/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replaces the webhook's secret; deliveries signed with the old one are refused from now on. */
        post: operations["rotate_webhook_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/system/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the instance is. */
        get: operations["system_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The templates that come with Aether. */
        get: operations["list_templates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's API tokens, newest first. */
        get: operations["list_tokens"];
        put?: never;
        /** Makes an API token for the caller and their team. */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes one of the caller's API tokens; it stops working at once. */
        delete: operations["delete_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A delivery of a GitHub App: one that a team has connected, for that team's projects which were picked through it; or the
         *     one that the operator has made by hand (`AETHER_GITHUB_WEBHOOK_SECRET`), for all projects of the repository. Everything
         *     else is refused.
         */
        post: operations["receive_github_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{project}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A delivery for one project, signed with its secret.
         * @description In our own form (`X-Aether-Signature-256`, `X-Aether-Delivery`, `X-Aether-Event`), or as GitHub, GitLab (whose secret
         *     token is the webhook's secret), Gitea, Forgejo or Bitbucket Cloud send them.
         */
        post: operations["receive_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers. Asks nobody, so that a database outage does not restart every API. */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters in Prometheus' text form, for this machine, or with `AETHER_METRICS_TOKEN` as bearer token. */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The service can answer requests: Postgres is there. Redis is reported, but not needed. */
        get: operations["get_ready"];
        put?: never;
        post?: never;
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
        /** @description The process answers. */
        Alive: {
            /** @description Always `ok`. */
            status: string;
        };
        /** @description An API token as it is listed; the secret itself is shown once and never stored. */
        ApiToken: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it stops working.
             */
            expires_at: string | null;
            /** @description Last characters of the secret, to tell tokens apart. */
            hint: string;
            /** @description Its id. */
            id: components["schemas"]["Id_tok"];
            /**
             * Format: date-time
             * @description When it was last used (to the minute).
             */
            last_used_at: string | null;
            /** @description Name for people. */
            name: string;
            /** @description What it may do. */
            scopes: components["schemas"]["Scope"][];
        };
        /** @description What one copy of an app uses. Counters grow from its start; the difference of two is what it used in between. */
        AppUsage: {
            /**
             * Format: int64
             * @description Processor time, in nanoseconds.
             */
            cpu_nanos: number;
            /** @description Its release. */
            deployment_id: components["schemas"]["Id_dep"];
            /** @description The copy. */
            instance_id: components["schemas"]["Id_ins"];
            /**
             * Format: int64
             * @description Memory in use.
             */
            memory_bytes: number;
            /**
             * Format: int64
             * @description The most it may use.
             */
            memory_limit_bytes: number;
            /**
             * Format: int64
             * @description Received over the network.
             */
            network_received_bytes: number;
            /**
             * Format: int64
             * @description Sent over the network.
             */
            network_sent_bytes: number;
            /**
             * Format: int64
             * @description Processes and threads.
             */
            processes: number;
        };
        /** @description What somebody has looked at and approves. */
        ApprovePreview: {
            /** @description The head, as the environment shows it; another head that came meanwhile is not approved by this. */
            head: string;
        };
        /** @description A part of a build log. */
        BuildLogPage: {
            /** @description Lines, in order. */
            items: components["schemas"]["LogLine"][];
            /** @description Give it as `cursor` to get what follows; null when the deployment has ended and all was read. */
            next_cursor: string | null;
        };
        /** @description One way to build a repository, with the reasons for it. */
        BuildPlan: {
            /** @description Builds the app. */
            build_command: string | null;
            /** @description Folders worth keeping between builds, relative to `root_dir` (`.next/cache`, `node_modules/.vite`). */
            cache_directories: string[];
            /** @description How sure detection is. */
            confidence: components["schemas"]["Confidence"];
            /** @description What the decisions rest on, most important first. */
            evidence: components["schemas"]["Evidence"][];
            /** @description Framework slug (`vite`, `nextjs`, `fastapi`), when one was recognised. */
            framework: string | null;
            /** @description Installs the dependencies; run in `root_dir` (or the workspace's root, where the command says so). */
            install_command: string | null;
            /** @description What the result is. */
            kind: components["schemas"]["PlanKind"];
            /** @description Main language: `node`, `python`, `static`, `dockerfile`, … */
            language: string;
            /** @description Name of the app within a monorepo, or of the whole repository's one app. */
            name?: string | null;
            /** @description Folder that holds the built files, relative to `root_dir` (static only). */
            output_directory: string | null;
            /**
             * @description Package manager (`npm`, `pnpm`, `yarn`, `bun`, `pip`, `uv`, `poetry`, …); an app whose assets need a second one
             *     names both (`composer+npm`).
             */
            package_manager: string | null;
            /**
             * Format: int32
             * @description Port the app listens on when it does not follow `PORT`.
             */
            port: number | null;
            /** @description Folder the app lives in, relative to the repository; `.` for its root. */
            root_dir: string;
            /** @description Wanted runtime versions by runtime, for example `node: "22"`. */
            runtime_version: {
                [key: string]: string;
            };
            /** @description Unknown paths are answered with the site's `index.html`. */
            spa: boolean;
            /** @description Starts a server app. */
            start_command: string | null;
            /** @description What the user should know before building (two lockfiles, an unpinned version, …). */
            warnings: string[];
        };
        /**
         * @description What happened to a variable.
         * @enum {string}
         */
        ChangeKind: "added" | "removed" | "changed";
        /** @description Another password. */
        ChangePassword: {
            /**
             * Format: password
             * @description The present one.
             */
            current_password: string;
            /**
             * Format: password
             * @description The new one: at least eight characters, hard to guess.
             */
            new_password: string;
        };
        /** @description The commit a deployment builds. */
        Commit: {
            /** @description Name of the author. */
            author: string;
            /**
             * Format: date-time
             * @description When it was authored.
             */
            authored_at: string | null;
            /** @description First line of the commit message. */
            message: string;
            /** @description Full object id, 40 (or 64) hex digits. */
            sha: string;
        };
        /**
         * @description How sure detection is. A `low` plan is offered, never taken without being asked for.
         * @enum {string}
         */
        Confidence: "low" | "medium" | "high";
        /** @description What to deploy. */
        CreateDeployment: {
            /** @description Deploy the branch to a preview of its own instead of production. */
            preview?: boolean;
            /** @description Branch, tag or commit; without it the project's branch. */
            ref?: string | null;
            upload?: components["schemas"]["Id_upl"] | null;
        };
        /** @description A domain to add. */
        CreateDomain: {
            /** @description The domain, like `www.example.com`; of an address that was pasted its host is taken. */
            hostname: string;
        };
        /** @description Somebody to invite. */
        CreateInvitation: {
            /**
             * Format: email
             * @description The address their account must have.
             */
            email: string;
            /** @description Their role in the team. */
            role: components["schemas"]["Role"];
        };
        /** @description A new project: of a repository, of a template, or of folders that are sent. */
        CreateProject: {
            /**
             * Format: int32
             * @description Share of the visitors' requests that get a line in the proxy's access log, in percent; 0 by default.
             */
            access_log_percent?: number | null;
            app_limits?: components["schemas"]["ResourceLimits"] | null;
            /** @description A push through the webhook deploys. */
            auto_deploy?: boolean | null;
            /** @description Branch that production follows; without it the repository's default branch. */
            branch?: string | null;
            /** @description Fixes the build command; empty skips the step. */
            build_command?: string | null;
            build_limits?: components["schemas"]["ResourceLimits"] | null;
            /**
             * Format: int32
             * @description Seconds a whole build may take.
             */
            build_timeout_seconds?: number | null;
            /** @description Fixes the framework. */
            framework?: string | null;
            github_repository?: components["schemas"]["GitHubRepositoryRef"] | null;
            /** @description HTTP path that must answer before an app goes live. */
            health_check_path?: string | null;
            /**
             * Format: int32
             * @description Seconds an app may take until it is healthy.
             */
            health_check_timeout_seconds?: number | null;
            /** @description Fixes the install command; empty skips the step. */
            install_command?: string | null;
            kind?: components["schemas"]["PlanKind"] | null;
            /** @description Fetch files that the repository keeps in Git LFS too. */
            lfs?: boolean | null;
            /** @description Name for people; without it the repository's or the template's own. One that is sent needs a name. */
            name?: string | null;
            /** @description Fixes the output directory. */
            output_directory?: string | null;
            /**
             * Format: int32
             * @description Minutes between two looks at the repository for a push that was never told of; 0 leaves it to webhooks.
             */
            poll_minutes?: number | null;
            /**
             * Format: int32
             * @description Fixes the port.
             */
            port?: number | null;
            /** @description Globs of branches that get a preview each (`feature/*`, `**` for all). */
            preview_branches?: string[] | null;
            /**
             * Format: int32
             * @description Days without a deployment after which a preview is removed.
             */
            preview_days?: number | null;
            /**
             * Format: int32
             * @description Most previews at a time.
             */
            preview_max?: number | null;
            /** @description Pull requests get a preview each; those of forks after a member's approval. */
            preview_pull_requests?: boolean | null;
            /**
             * Format: int32
             * @description Copies of the running app.
             */
            replicas?: number | null;
            /** @description Where the code is; a user name and password in it are stored sealed and never shown again. */
            repo_url?: string | null;
            /** @description Folder of the app, relative to the repository. */
            root_dir?: string | null;
            runtime?: components["schemas"]["RuntimeName"] | null;
            /** @description Fixes runtime versions (`node: "22"`). */
            runtime_version?: {
                [key: string]: string;
            } | null;
            /** @description Label of its host; without it made of the name, and for a template without a name one that is free. */
            slug?: string | null;
            source?: components["schemas"]["SourceKind"] | null;
            /** @description Fixes the single-page-app decision. */
            spa?: boolean | null;
            /** @description Fixes the start command. */
            start_command?: string | null;
            /** @description Fetch the repository's submodules too. */
            submodules?: boolean | null;
            /** @description Name of a template that comes with Aether, instead of a repository. */
            template?: string | null;
            /** @description Storage of the app that outlives deployments; in containers only. */
            volumes?: components["schemas"]["VolumeMount"][] | null;
            /** @description Globs of paths in the repository (`apps/web/**`); a push that changes none of them does not deploy. */
            watch_paths?: string[] | null;
        };
        /** @description A new token. */
        CreateToken: {
            /**
             * Format: date-time
             * @description When it stops working; without it never.
             */
            expires_at?: string | null;
            /** @description Name for people. */
            name: string;
            /** @description What it may do, never more than its user. */
            scopes: components["schemas"]["Scope"][];
        };
        /** @description The list of a folder. */
        CreateUpload: {
            /** @description Its files and links. */
            entries: components["schemas"]["UploadEntry"][];
        };
        /** @description An invitation with its secret, shown this once. */
        CreatedInvitation: components["schemas"]["Invitation"] & {
            /** @description Goes into `invitation` of the registration. */
            secret: string;
        };
        /** @description A project, and its webhook with the secret. */
        CreatedProject: components["schemas"]["Project"] & {
            /** @description What to enter at the Git provider, so that a push deploys. */
            webhook: components["schemas"]["Webhook"];
        };
        /** @description A token with its secret, shown this once. */
        CreatedToken: components["schemas"]["ApiToken"] & {
            /** @description For `Authorization: Bearer …`; it cannot be shown again. */
            secret: string;
        };
        /** @description A project's SSH key. */
        DeployKey: {
            /**
             * Format: date-time
             * @description When the key was made.
             */
            created_at: string;
            /** @description The server's own key, as it was at the first visit; another one is not trusted. */
            host_key: string | null;
            /**
             * Format: date-time
             * @description When the server was first visited.
             */
            host_key_learned_at: string | null;
            /**
             * @description The public part, to be entered at the Git server with the right to read.
             * @example ssh-ed25519 AAAA… aether
             */
            public_key: string;
        };
        /** @description One deployment. */
        Deployment: {
            /**
             * Format: int32
             * @description How often a worker took it.
             */
            attempt: number;
            /** @description Somebody asked for it to stop. */
            cancel_requested: boolean;
            commit: components["schemas"]["Commit"] | null;
            /**
             * Format: date-time
             * @description When it was accepted.
             */
            created_at: string;
            created_by: components["schemas"]["Id_usr"] | null;
            /**
             * Format: int64
             * @description From start to end, or until now.
             */
            duration_ms: number | null;
            /**
             * @description Name of the environment it goes to.
             * @example production
             */
            environment: string;
            error: components["schemas"]["UserError"] | null;
            /**
             * Format: date-time
             * @description When it ended.
             */
            finished_at: string | null;
            /** @description Its id. */
            id: components["schemas"]["Id_dep"];
            /** @description Visitors of the environment get it now. */
            live: boolean;
            /**
             * Format: int32
             * @description Counts up per project from 1.
             */
            number: number;
            plan: components["schemas"]["BuildPlan"] | null;
            /** @description Its project. */
            project_id: components["schemas"]["Id_prj"];
            /** @description Its project's slug. */
            project_slug: components["schemas"]["Slug"];
            /** @description The branch, tag or commit that was asked for; `HEAD` is the repository's default branch. */
            ref: string;
            /**
             * Format: date-time
             * @description When a worker first took it.
             */
            started_at: string | null;
            /** @description Where it stands. */
            status: components["schemas"]["DeploymentStatus"];
            /** @description Its steps so far, in order. */
            steps: components["schemas"]["StepRecord"][];
            /** @description Why it was made. */
            trigger: components["schemas"]["Trigger"];
            /** @description Its own address, which never shows anything else. */
            url: string;
        };
        /** @description What is different from the release before. */
        DeploymentChanges: {
            previous: components["schemas"]["PreviousRelease"] | null;
            /** @description Settings that are different. */
            settings: components["schemas"]["SettingChange"][];
            /** @description Variables that are different, by name; their values are never shown. */
            variables: components["schemas"]["VariableChange"][];
        };
        /**
         * @description Where a deployment stands: `QUEUED -> BUILDING -> DEPLOYING -> READY`, or one of the three other ends.
         * @enum {string}
         */
        DeploymentStatus: "QUEUED" | "BUILDING" | "DEPLOYING" | "READY" | "FAILED" | "CANCELLED" | "SUPERSEDED";
        /** @description A repository to look at. */
        DetectRepository: {
            /** @description Branch to look at; without it the default branch. */
            branch?: string | null;
            github_repository?: components["schemas"]["GitHubRepositoryRef"] | null;
            /** @description Where the code is; a user name and password in it are used for this look only. */
            repo_url?: string | null;
            /** @description Folder to look at; without it the whole repository. */
            root_dir?: string | null;
        };
        /** @description What was found in a repository. */
        Detection: {
            /** @description Its branches. */
            branches: string[];
            /** @description Ways to build it, best first. */
            candidates: components["schemas"]["BuildPlan"][];
            /** @description The commit that was looked at. */
            commit_sha: string | null;
            /** @description The branch that is checked out when none is named. */
            default_branch: string | null;
            explanation: components["schemas"]["UserError"] | null;
        };
        /** @description A disk. */
        DiskStatus: {
            /**
             * Format: int64
             * @description What is free for Aether.
             */
            free_bytes: number;
            /**
             * Format: int64
             * @description Its size.
             */
            total_bytes: number;
        };
        /** @description A record to make at a DNS provider. */
        DnsRecord: {
            /** @description Its name, without a dot at the end. */
            name: string;
            /** @description Its type: `TXT`, `CNAME`, `A` or `AAAA`. */
            type: string;
            /** @description Its value. */
            value: string;
        };
        /** @description A domain, how far it is, and what to enter at its DNS provider. */
        Domain: {
            /**
             * Format: date-time
             * @description When the last look at its DNS began.
             */
            checked_at: string | null;
            /**
             * Format: date-time
             * @description When it was added.
             */
            created_at: string;
            /** @description The domain. */
            hostname: components["schemas"]["Hostname"];
            /** @description Its id. */
            id: components["schemas"]["Id_dom"];
            /**
             * Format: date-time
             * @description When it will be next; in the past while it is being looked at.
             */
            next_check_at: string;
            /**
             * @description Records that lead its visitors here: one alias, or one for each address where an alias cannot stand. Empty when the
             *     instance has no public address.
             */
            pointing: components["schemas"]["DnsRecord"][];
            problem: components["schemas"]["UserError"] | null;
            /** @description The record that proves it. */
            proof: components["schemas"]["DnsRecord"];
            /** @description How far it is. */
            status: components["schemas"]["DomainStatus"];
            /**
             * Format: date-time
             * @description When it stops answering, unless its proof comes back until then.
             */
            stops_at: string | null;
            /** @description Address under which it answers. */
            url: string;
            /** @description It was shown to be theirs, and answers. */
            verified: boolean;
            /**
             * Format: date-time
             * @description When that was.
             */
            verified_at: string | null;
        };
        /**
         * @description How far a domain is.
         * @enum {string}
         */
        DomainStatus: "unverified" | "misdirected" | "expiring" | "active";
        /** @description How many sessions were ended. */
        EndedSessions: {
            /**
             * Format: int64
             * @description So many.
             */
            ended: number;
        };
        /**
         * @description When a variable is visible.
         * @enum {string}
         */
        EnvScope: "build" | "runtime" | "all";
        /**
         * @description Which environments a variable is for.
         * @enum {string}
         */
        EnvTarget: "all" | "production" | "preview";
        /** @description One variable. */
        EnvVar: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Its name. */
            name: string;
            /** @description When it is visible. */
            scope: components["schemas"]["EnvScope"];
            /** @description It is never shown again and is masked in logs. */
            secret: boolean;
            /** @description Which environments it is for; one for production or previews goes before one for all. */
            target: components["schemas"]["EnvTarget"];
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updated_at: string;
            /** @description Its value; null when it is secret, because then it is never shown again. */
            value: string | null;
        };
        /** @description One variable as it should be. */
        EnvVarInput: {
            /** @description Its name. */
            name: string;
            scope?: components["schemas"]["EnvScope"] | null;
            /** @description It is never shown again and is masked in logs; without it as before, and true for a new variable. */
            secret?: boolean | null;
            /** @description Which environments it is for; the same name may have one variable for each. */
            target?: components["schemas"]["EnvTarget"];
            /** @description Its value; without it the variable keeps the one it has. */
            value?: string | null;
        };
        /** @description One environment. */
        Environment: {
            /** @description Branch it follows. */
            branch: string | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Head that the provider named last. */
            head: string | null;
            /** @description Its id. */
            id: components["schemas"]["Id_env"];
            /** @description What it is for. */
            kind: components["schemas"]["EnvironmentKindName"];
            live_deployment_id: components["schemas"]["Id_dep"] | null;
            /**
             * @description Its name.
             * @example branch:docs
             */
            name: string;
            pull_request: components["schemas"]["PullRequest"] | null;
            /**
             * Format: date-time
             * @description When something was last deployed to it.
             */
            updated_at: string;
            /** @description Its address. */
            url: string;
            /** @description Its head comes from a fork and waits for a member's approval. */
            waiting_for_approval: boolean;
        };
        /**
         * @description What an environment is for.
         * @enum {string}
         */
        EnvironmentKindName: "production" | "preview";
        /** @description One fact a decision rests on. */
        Evidence: {
            /** @description Path of the file, relative to the repository. */
            file: string;
            /** @description What it says, in words ("package manager pnpm"). */
            says: string;
        };
        /** @description What is wrong with one field of a request. */
        FieldError: {
            /** @description Its path in the body, or the parameter's name. */
            field: string;
            /** @description What is wrong with it, as a sentence without its full stop. */
            message: string;
        };
        /** @description What GitHub brought back to the dashboard. */
        FinishGitHubApp: {
            /** @description The code that stands for the new App. */
            code: string;
            /** @description The state that was sent along. */
            state: string;
        };
        /** @description A GitHub App of the team. Its secrets are never shown. */
        GitHubApp: {
            /**
             * @description At which GitHub.
             * @example https://github.com
             */
            base_url: string;
            /**
             * Format: date-time
             * @description When it was connected.
             */
            created_at: string;
            /** @description GitHub tells this instance of pushes and pull requests; without it a project has to be polled. */
            has_webhook: boolean;
            /** @description Its page at GitHub. */
            html_url: string;
            /** @description Its id. */
            id: components["schemas"]["Id_gha"];
            /** @description Where it is installed on an account, or given more repositories. */
            install_url: string;
            /** @description Where it is installed. */
            installations: components["schemas"]["GitHubInstallation"][];
            /** @description Its name. */
            name: string;
            /** @description The account that owns it. */
            owner: string;
        };
        /** @description Where to go on. */
        GitHubAppForm: {
            /**
             * Format: date-time
             * @description Until when GitHub's answer is taken.
             */
            expires_at: string;
            /** @description A page of this instance that leads the browser to GitHub with the App's description. */
            form_url: string;
            /**
             * @description GitHub will tell this instance of pushes. It does not when this instance's public address is only known to this
             *     machine or its network.
             */
            has_webhook: boolean;
        };
        /** @description The team's GitHub Apps. */
        GitHubApps: {
            /** @description Oldest first. */
            items: components["schemas"]["GitHubApp"][];
        };
        /** @description An account whose repositories could not be read. */
        GitHubFailure: {
            /** @description The account. */
            account: string;
            /** @description Why not. */
            detail: string;
        };
        /** @description An account on whose repositories an App is installed. */
        GitHubInstallation: {
            /** @description The account. */
            account: string;
            /** @description All repositories of the account, not only selected ones. */
            all_repositories: boolean;
            /** @description Where the account manages it. */
            html_url: string;
            /**
             * Format: int64
             * @description GitHub's id of it.
             */
            id: number;
            /** @description It is an organisation's. */
            is_organization: boolean;
            /**
             * Format: date-time
             * @description Since when the account has suspended it.
             */
            suspended_at: string | null;
        };
        /** @description Repositories that the team's GitHub Apps reach, last pushed first. */
        GitHubRepositories: {
            /** @description Accounts whose repositories could not be read, and why. */
            failures: components["schemas"]["GitHubFailure"][];
            /** @description An account has more repositories than are looked through here. */
            incomplete: boolean;
            /** @description Those of this page. */
            items: components["schemas"]["GitHubRepository"][];
            /** @description The next page, when there is one. */
            next_page: number | null;
            /** @description How many fit in all. */
            total: number;
        };
        /** @description A repository to make a project of. */
        GitHubRepository: {
            /** @description Through which App. */
            app_id: components["schemas"]["Id_gha"];
            /** @description Where it is cloned from. */
            clone_url: string;
            /** @description The branch that is checked out when none is named. */
            default_branch: string;
            /** @description Owner and name. */
            full_name: string;
            /** @description Its page. */
            html_url: string;
            /**
             * Format: int64
             * @description Through which installation of it.
             */
            installation_id: number;
            /** @description Only some can see it. */
            private: boolean;
            /**
             * Format: date-time
             * @description Time of the last push; null for an empty one.
             */
            pushed_at: string | null;
            /**
             * Format: int64
             * @description GitHub's id of the repository.
             */
            repository_id: number;
        };
        /** @description A repository of `GET /github/repositories`. */
        GitHubRepositoryRef: {
            /** @description Through which App. */
            app_id: components["schemas"]["Id_gha"];
            /**
             * Format: int64
             * @description Through which installation of it.
             */
            installation_id: number;
            /**
             * Format: int64
             * @description GitHub's id of the repository.
             */
            repository_id: number;
        };
        /** @description What was made of a delivery. */
        GitHubWebhookResult: {
            /** @description One result for each project of the repository. */
            results: components["schemas"]["WebhookResult"][];
        };
        GitRef: string;
        /**
         * @description Something is up, or not.
         * @enum {string}
         */
        Health: "up" | "down";
        Hostname: string;
        /** @description TypeID `dep_…` */
        Id_dep: string;
        /** @description TypeID `dom_…` */
        Id_dom: string;
        /** @description TypeID `env_…` */
        Id_env: string;
        /** @description TypeID `gha_…` */
        Id_gha: string;
        /** @description TypeID `ins_…` */
        Id_ins: string;
        /** @description TypeID `inv_…` */
        Id_inv: string;
        /** @description TypeID `prj_…` */
        Id_prj: string;
        /** @description TypeID `ses_…` */
        Id_ses: string;
        /** @description TypeID `team_…` */
        Id_team: string;
        /** @description TypeID `tok_…` */
        Id_tok: string;
        /** @description TypeID `upl_…` */
        Id_upl: string;
        /** @description TypeID `usr_…` */
        Id_usr: string;
        /** @description TypeID `whd_…` */
        Id_whd: string;
        /** @description A running copy of the project's app. */
        Instance: {
            /**
             * Format: date-time
             * @description When it was first started.
             */
            created_at: string;
            /** @description Its release. */
            deployment_id: components["schemas"]["Id_dep"];
            /**
             * Format: int32
             * @description Number of that release's deployment.
             */
            deployment_number: number;
            /** @description Its id. */
            id: components["schemas"]["Id_ins"];
            /** @description How it last ended, in words. */
            last_exit: string | null;
            /** @description Visitors get it. */
            live: boolean;
            /**
             * Format: int32
             * @description How often it was started again.
             */
            restarts: number;
            /** @description `process` or `docker`. */
            runtime: string;
            /** @description What it is doing. */
            state: components["schemas"]["InstanceHealth"];
            /**
             * Format: date-time
             * @description When its state last changed.
             */
            updated_at: string;
        };
        /**
         * @description What a running copy is doing.
         * @enum {string}
         */
        InstanceHealth: "starting" | "healthy" | "unhealthy" | "crash_looping" | "draining" | "stopped";
        /** @description An invitation to a team as it is listed; the secret itself is shown once and never stored. */
        Invitation: {
            /**
             * Format: date-time
             * @description When it was accepted.
             */
            accepted_at: string | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description The address the new account must have. */
            email: string;
            /**
             * Format: date-time
             * @description Until when it can be accepted.
             */
            expires_at: string;
            /** @description Its id. */
            id: components["schemas"]["Id_inv"];
            /** @description The role it gives. */
            role: components["schemas"]["Role"];
        };
        /** @description One line of a log. `seq` starts at 1 and has no gaps within a deployment (build log) or an instance (runtime log). */
        LogLine: {
            /**
             * Format: date-time
             * @description When the line was read.
             */
            at: string;
            /**
             * Format: int64
             * @description Its number; the SSE event id.
             */
            seq: number;
            step?: components["schemas"]["Step"] | null;
            /** @description Where it came from. */
            stream: components["schemas"]["LogStream"];
            /** @description The text, without its line end, masked, ANSI colours kept. */
            text: string;
        };
        /**
         * @description Where a line came from.
         * @enum {string}
         */
        LogStream: "stdout" | "stderr" | "system";
        /** @description Proof of who somebody is. */
        Login: {
            /**
             * Format: email
             * @description Address of the account.
             */
            email: string;
            /**
             * Format: password
             * @description Its password.
             */
            password: string;
        };
        /** @description A GitHub App to be made. */
        NewGitHubApp: {
            /** @description Address of a GitHub Enterprise; without it github.com. */
            base_url?: string | null;
            /** @description Its name at GitHub, where no two Apps have the same; without it made of this instance's address. */
            name?: string | null;
            /** @description Organisation that is to own the App; without it the account that confirms. */
            organization?: string | null;
        };
        /** @description A part of a list. */
        Page_ApiToken: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["ApiToken"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Deployment: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Deployment"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Domain: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Domain"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_EnvVar: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["EnvVar"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Environment: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Environment"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Instance: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Instance"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Invitation: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Invitation"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Project: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Project"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Session: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Session"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_Template: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["Template"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /** @description A part of a list. */
        Page_WebhookDelivery: {
            /** @description The items, in the list's order. */
            items: components["schemas"]["WebhookDelivery"][];
            /** @description Give it as `cursor` to get what follows; null at the end of the list. */
            next_cursor: string | null;
        };
        /**
         * @description What the result of the build is.
         * @enum {string}
         */
        PlanKind: "static" | "server" | "docker";
        /** @description The release before. */
        PreviousRelease: {
            commit: components["schemas"]["Commit"] | null;
            /** @description Its deployment. */
            id: components["schemas"]["Id_dep"];
            /**
             * Format: int32
             * @description Its deployment's number.
             */
            number: number;
        };
        /** @description A failure as its caller reads it (RFC 9457). */
        Problem: {
            /**
             * @description Stable name for machines.
             * @example not_found
             */
            code: string;
            /** @description Why, with the particulars of this case. */
            detail: string;
            /** @description What is wrong with single fields. */
            errors?: components["schemas"]["FieldError"][];
            /** @description What to do next. */
            hint?: string | null;
            /** @description Names this request in the service's log. */
            request_id: string;
            /**
             * Format: int32
             * @description The HTTP status, once more.
             */
            status: number;
            /** @description What happened, in a few words. */
            title: string;
            /**
             * @description Names the kind of problem.
             * @example urn:aether:problem:not_found
             */
            type: string;
        };
        /** @description One project with its settings. */
        Project: {
            /**
             * Format: int32
             * @description Share of the visitors' requests that get a line in the proxy's access log, in percent.
             */
            access_log_percent: number;
            /** @description Limits of the running app. */
            app_limits: components["schemas"]["ResourceLimits"];
            /** @description A push through the webhook deploys. */
            auto_deploy: boolean;
            branch: components["schemas"]["GitRef"] | null;
            /** @description Fixed build command; empty skips the step. */
            build_command: string | null;
            /** @description Limits of a build. */
            build_limits: components["schemas"]["ResourceLimits"];
            /**
             * Format: int32
             * @description Seconds a whole build may take.
             */
            build_timeout_seconds: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Fixed framework. */
            framework: string | null;
            /** @description Owner and name of the repository at GitHub, when a GitHub App opens it. */
            github_repository?: string | null;
            /** @description User name and password of the repository are stored. */
            has_repo_credentials: boolean;
            /** @description HTTP path that must answer before an app goes live; null checks the TCP port. */
            health_check_path: string | null;
            /**
             * Format: int32
             * @description Seconds an app may take until it is healthy.
             */
            health_check_timeout_seconds: number;
            /** @description Its id. */
            id: components["schemas"]["Id_prj"];
            /** @description Fixed install command; empty skips the step. */
            install_command: string | null;
            kind: components["schemas"]["PlanKind"] | null;
            latest_deployment: components["schemas"]["Deployment"] | null;
            /** @description Files that the repository keeps in Git LFS are fetched too. */
            lfs: boolean;
            live_deployment: components["schemas"]["Deployment"] | null;
            /** @description Name for people. */
            name: string;
            /** @description Fixed output directory. */
            output_directory: string | null;
            /**
             * Format: int32
             * @description Minutes between two looks at the repository; 0 leaves it to webhooks.
             */
            poll_minutes: number;
            /**
             * Format: int32
             * @description Fixed port.
             */
            port: number | null;
            /** @description Globs of branches that get a preview each. */
            preview_branches: string[];
            /**
             * Format: int32
             * @description Days without a deployment after which a preview is removed.
             */
            preview_days: number;
            /**
             * Format: int32
             * @description Most previews at a time.
             */
            preview_max: number;
            /** @description Pull requests get a preview each. */
            preview_pull_requests: boolean;
            /**
             * Format: int32
             * @description Copies of the running app, between which the proxy balances.
             */
            replicas: number;
            repo_url: components["schemas"]["RepoUrl"] | null;
            /** @description Folder of the app, relative to the repository. */
            root_dir: string;
            runtime: components["schemas"]["RuntimeName"] | null;
            /** @description Fixed runtime versions. */
            runtime_version: {
                [key: string]: string;
            };
            /** @description Label of its host. */
            slug: components["schemas"]["Slug"];
            /** @description What kind of source its files come from. */
            source: components["schemas"]["SourceKind"];
            /** @description Fixed single-page-app decision. */
            spa: boolean | null;
            /** @description Fixed start command. */
            start_command: string | null;
            /** @description Submodules of the repository are fetched too. */
            submodules: boolean;
            template: components["schemas"]["Slug"] | null;
            /**
             * Format: date-time
             * @description When its settings last changed.
             */
            updated_at: string;
            /** @description Address of the live site. */
            url: string;
            /** @description Storage of the app that outlives deployments; in containers only. */
            volumes: components["schemas"]["VolumeMount"][];
            /** @description Globs of paths in the repository; a push that changes none of them does not deploy. Empty watches everything. */
            watch_paths: string[];
        };
        /** @description What visitors asked of a project, on all of its addresses. */
        ProjectTraffic: {
            /** @description In order of time, without a gap; the last is not over yet. */
            points: components["schemas"]["TrafficPoint"][];
            /** @description Proxies that report right now; without one nothing is counted. */
            proxies: number;
            /**
             * Format: int64
             * @description Seconds from one point to the next.
             */
            step_seconds: number;
            /** @description All points together. */
            total: components["schemas"]["TrafficFigures"];
        };
        /** @description What a project uses right now, as far as workers have said so in the last seconds. */
        ProjectUsage: {
            /** @description Its running apps; empty where the runtime does not count. */
            apps: components["schemas"]["AppUsage"][];
            /** @description Its volumes. */
            volumes: components["schemas"]["VolumeUsage"][];
        };
        /** @description A connection to a Git provider. Its token is never shown again. */
        Provider: {
            /**
             * @description Address of its interface.
             * @example https://api.github.com
             */
            api_url: string;
            /**
             * @description `github`, `gitlab`, `gitea` (Forgejo too) or `bitbucket`.
             * @example github
             */
            forge: string;
            /** @description Why the last report failed, if it did. */
            last_error: string | null;
        };
        /** @description One proxy. */
        ProxyStatus: {
            /** @description Unique per start. */
            id: string;
            /**
             * Format: int64
             * @description Requests it is answering.
             */
            in_flight: number;
            /**
             * Format: int64
             * @description The route table it serves.
             */
            route_version: number;
        };
        /** @description The pull request a preview follows. */
        PullRequest: {
            /** @description It comes from another repository; its builds see no secrets and have caches of their own. */
            from_fork: boolean;
            /**
             * Format: int32
             * @description Its number.
             */
            number: number;
            /** @description Its title. */
            title: string | null;
            /** @description Its page at the provider. */
            url: string | null;
        };
        /** @description A variable's value and properties. */
        PutEnvVar: {
            scope?: components["schemas"]["EnvScope"] | null;
            /** @description It is never shown again and is masked in logs; without it as before, and true for a new variable. */
            secret?: boolean | null;
            /** @description Which environments it is for; the same name may have one variable for each. */
            target?: components["schemas"]["EnvTarget"];
            /** @description Its value; without it the variable keeps the one it has. */
            value?: string | null;
        };
        /** @description A connection to a Git provider. */
        PutProvider: {
            /** @description Address of its interface; without it the usual one of the repository's host. */
            api_url?: string | null;
            /** @description `github`, `gitlab`, `gitea` (Forgejo too) or `bitbucket`. */
            forge: string;
            /** @description An access token that may write commit statuses and comments; stored sealed and never shown again. */
            token: string;
        };
        /** @description What waits and what is being built, in all teams. */
        QueueStatus: {
            /**
             * Format: int64
             * @description Workers that hold one.
             */
            busy_workers: number;
            /**
             * Format: double
             * @description How long the oldest has been waiting.
             */
            oldest_queued_seconds: number | null;
            /**
             * Format: int64
             * @description Deployments that wait for a worker.
             */
            queued: number;
            /**
             * Format: int64
             * @description Deployments that a worker holds.
             */
            running: number;
        };
        /** @description Whether requests can be answered. */
        Ready: {
            /** @description The database, without which nothing can be answered. */
            postgres: components["schemas"]["Health"];
            /** @description Requests can be answered. */
            ready: boolean;
            /** @description Live events and rate limits, without which everything else works. */
            redis: components["schemas"]["Health"];
        };
        /** @description A new account. */
        Register: {
            /**
             * Format: email
             * @description Address; the sign-in name.
             */
            email: string;
            /** @description Secret of an invitation to a team. */
            invitation?: string | null;
            /** @description Name for people. */
            name: string;
            /**
             * Format: password
             * @description At least eight characters, hard to guess.
             */
            password: string;
            /** @description Makes this account the owner of a fresh instance. */
            setup_token?: string | null;
        };
        /** @description An accepted switch. */
        ReleaseSwitch: {
            /** @description The deployment that is live, or will be. */
            deployment: components["schemas"]["Deployment"];
            /** @description How far it got. */
            status: components["schemas"]["SwitchStatus"];
        };
        /** @description The variables a project should have. */
        ReplaceEnvVars: {
            /** @description Keep variables that are not in the list; without it they are deleted. */
            keep_others?: boolean;
            /** @description The variables. */
            variables: components["schemas"]["EnvVarInput"][];
        };
        /** Format: uri */
        RepoUrl: string;
        /** @description What a build or an app may use at the most. */
        ResourceLimits: {
            /**
             * Format: double
             * @description Processors, as a decimal number of cores.
             */
            cpus: number;
            /**
             * Format: int32
             * @description Disk, MiB.
             */
            disk_mb: number;
            /**
             * Format: int32
             * @description Memory, MiB.
             */
            memory_mb: number;
            /**
             * Format: int32
             * @description Processes and threads.
             */
            pids: number;
        };
        /**
         * @description What a member may do in a team.
         * @enum {string}
         */
        Role: "viewer" | "member" | "owner";
        /** @description A line that a running app printed. */
        RuntimeLogLine: {
            /**
             * Format: date-time
             * @description When the line was read.
             */
            at: string;
            /** @description The release. */
            deployment_id: components["schemas"]["Id_dep"];
            /**
             * Format: int64
             * @description Its place; the SSE event id.
             */
            id: number;
            /** @description The copy of the app. */
            instance_id: components["schemas"]["Id_ins"];
            /** @description Where it came from. */
            stream: components["schemas"]["LogStream"];
            /** @description The text, without its line end. */
            text: string;
        };
        /** @description A part of a runtime log. */
        RuntimeLogPage: {
            /** @description Lines, in order. */
            items: components["schemas"]["RuntimeLogLine"][];
            /** @description Give it as `cursor` to get what follows, now or later. */
            next_cursor: string | null;
        };
        /**
         * @description How builds and apps are kept apart from the machine and from one another.
         * @enum {string}
         */
        RuntimeName: "docker" | "process";
        /**
         * @description What an API token may do.
         * @enum {string}
         */
        Scope: "read" | "deploy" | "write";
        /** @description A browser that is signed in. */
        Session: {
            /**
             * Format: date-time
             * @description When somebody signed in with it.
             */
            created_at: string;
            /** @description It is the one that asks. */
            current: boolean;
            /**
             * Format: date-time
             * @description When it ends unless it is used again.
             */
            expires_at: string;
            /** @description Its id. */
            id: components["schemas"]["Id_ses"];
            /**
             * Format: date-time
             * @description When it was last used, to within a quarter of an hour.
             */
            last_used_at: string;
            /** @description What the browser calls itself. */
            user_agent: string;
        };
        /** @description A setting that is different. */
        SettingChange: {
            /** @description What it is. */
            after: string | null;
            /** @description What it was; null when it was left to Aether. */
            before: string | null;
            /**
             * @description Its name, as the project has it; parts of a limit behind a dot.
             * @example build_limits.memory_mb
             */
            name: string;
        };
        /** @description What somebody without an account can do here. */
        SetupState: {
            /** @description Nobody owns this instance yet; the set-up link makes the owner's account. */
            needs_owner: boolean;
            /** @description Everybody may make an account. */
            registration_open: boolean;
        };
        /** @description A fresh sign-in; the refresh secret is in the cookie beside it. */
        SignedIn: {
            /** @description For `Authorization: Bearer …`. */
            access_token: string;
            /**
             * Format: int64
             * @description Seconds until the access token ends.
             */
            expires_in: number;
            /** @description Always `Bearer`. */
            token_type: string;
            /** @description Who signed in. */
            user: components["schemas"]["User"];
        };
        Slug: string;
        /**
         * @description The kinds of [`ProjectSource`].
         * @enum {string}
         */
        SourceKind: "git" | "template" | "upload";
        /** @description Data of a `status` event. */
        StatusEvent: {
            /** @description Where the deployment stands. */
            status: components["schemas"]["DeploymentStatus"];
            step: components["schemas"]["Step"] | null;
        };
        /**
         * @description The six steps, in order.
         * @enum {string}
         */
        Step: "clone" | "detect" | "install" | "build" | "deploy" | "route";
        /**
         * @description How a step ended.
         * @enum {string}
         */
        StepOutcome: "succeeded" | "skipped" | "failed" | "cancelled";
        /** @description What one step of one deployment left behind. */
        StepRecord: {
            error: components["schemas"]["UserError"] | null;
            /**
             * Format: date-time
             * @description When it ended; none while it runs.
             */
            finished_at: string | null;
            outcome: components["schemas"]["StepOutcome"] | null;
            /**
             * Format: date-time
             * @description When it began (of the last attempt).
             */
            started_at: string;
            /** @description Which step. */
            step: components["schemas"]["Step"];
        };
        /** @description Which deployment to make live. */
        SwitchRelease: {
            /** @description A ready deployment of this project. */
            deployment_id: components["schemas"]["Id_dep"];
        };
        /**
         * @description How far a switch got.
         * @enum {string}
         */
        SwitchStatus: "switched" | "already_live" | "pending";
        /** @description How the instance is. */
        SystemStatus: {
            /** @description Domain of the sites. */
            apps_domain: string;
            disk: components["schemas"]["DiskStatus"] | null;
            /** @description The database. */
            postgres: components["schemas"]["Health"];
            /** @description Version of the database. */
            postgres_version: string | null;
            /** @description The proxies that report. */
            proxies: components["schemas"]["ProxyStatus"][];
            /** @description What waits and what is being built. */
            queue: components["schemas"]["QueueStatus"];
            /** @description Live events and rate limits. */
            redis: components["schemas"]["Health"];
            /** @description Version of Redis. */
            redis_version: string | null;
            /**
             * Format: int64
             * @description Version of the route table that a proxy should have.
             */
            route_version: number;
            /** @description Version of this service. */
            version: string;
            /** @description The workers that report, idle ones too; null when it cannot be known because Redis is away. */
            workers: components["schemas"]["WorkerStatus"][] | null;
        };
        /** @description Something to begin with: give its name as `template` to `POST /projects`. */
        Template: {
            /** @description What it is, in a sentence. */
            description: string;
            /** @description What it is written in. */
            language: string;
            /** @description Its name. */
            name: string;
            /** @description Name for people. */
            title: string;
            /** @description Why this instance cannot deploy it; null when it can. */
            unavailable: string | null;
        };
        /** @description Counts of requests. */
        TrafficFigures: {
            /**
             * Format: int64
             * @description Those answered with a status of 500 or above.
             */
            errors: number;
            /**
             * Format: int64
             * @description Half of the requests took at most so many milliseconds, by the bounds 5, 25, 100, 500, 2500 and 10000; null
             *     without requests, and for more than the last bound.
             */
            p50_at_most_ms: number | null;
            /**
             * Format: int64
             * @description As many as 99 of 100 requests took at most so long.
             */
            p99_at_most_ms: number | null;
            /**
             * Format: int64
             * @description Requests answered.
             */
            requests: number;
            /**
             * Format: int64
             * @description Bytes of the answers' bodies.
             */
            sent_bytes: number;
        };
        /** @description What was asked in one stretch of time. */
        TrafficPoint: components["schemas"]["TrafficFigures"] & {
            /**
             * Format: date-time
             * @description Its beginning.
             */
            at: string;
        };
        /**
         * @description Why a deployment was made.
         * @enum {string}
         */
        Trigger: "manual" | "webhook" | "redeploy" | "poll";
        /** @description What to change; what is left out stays as it is. */
        UpdateMe: {
            /**
             * Format: password
             * @description The password, for another address.
             */
            current_password?: string | null;
            /**
             * Format: email
             * @description Address; the sign-in name. Changing it takes the password.
             */
            email?: string | null;
            /** @description Name for people. */
            name?: string | null;
        };
        /** @description What to change; what is left out stays as it is. */
        UpdateProject: {
            /**
             * Format: int32
             * @description Share of the visitors' requests that get a line in the proxy's access log, in percent; 0 by default.
             */
            access_log_percent?: number | null;
            app_limits?: components["schemas"]["ResourceLimits"] | null;
            /** @description A push through the webhook deploys. */
            auto_deploy?: boolean | null;
            /** @description Branch that production follows; null follows the repository's default branch. */
            branch?: string | null;
            /** @description Fixes the build command; empty skips the step. */
            build_command?: string | null;
            build_limits?: components["schemas"]["ResourceLimits"] | null;
            /**
             * Format: int32
             * @description Seconds a whole build may take.
             */
            build_timeout_seconds?: number | null;
            /** @description Fixes the framework. */
            framework?: string | null;
            /** @description HTTP path that must answer before an app goes live. */
            health_check_path?: string | null;
            /**
             * Format: int32
             * @description Seconds an app may take until it is healthy.
             */
            health_check_timeout_seconds?: number | null;
            /** @description Fixes the install command; empty skips the step. */
            install_command?: string | null;
            kind?: components["schemas"]["PlanKind"] | null;
            /** @description Fetch files that the repository keeps in Git LFS too. */
            lfs?: boolean | null;
            /** @description Name for people. The slug stays, because addresses depend on it. */
            name?: string | null;
            /** @description Fixes the output directory. */
            output_directory?: string | null;
            /**
             * Format: int32
             * @description Minutes between two looks at the repository for a push that was never told of; 0 leaves it to webhooks.
             */
            poll_minutes?: number | null;
            /**
             * Format: int32
             * @description Fixes the port.
             */
            port?: number | null;
            /** @description Globs of branches that get a preview each (`feature/*`, `**` for all). */
            preview_branches?: string[] | null;
            /**
             * Format: int32
             * @description Days without a deployment after which a preview is removed.
             */
            preview_days?: number | null;
            /**
             * Format: int32
             * @description Most previews at a time.
             */
            preview_max?: number | null;
            /** @description Pull requests get a preview each; those of forks after a member's approval. */
            preview_pull_requests?: boolean | null;
            /**
             * Format: int32
             * @description Copies of the running app.
             */
            replicas?: number | null;
            /** @description Where the code is; a project made from a template or of a sent folder is built from the repository from then on. A new address forgets the stored user name and password, unless it brings its own. */
            repo_url?: string | null;
            /** @description Folder of the app, relative to the repository. */
            root_dir?: string | null;
            runtime?: components["schemas"]["RuntimeName"] | null;
            /** @description Fixes runtime versions (`node: "22"`). */
            runtime_version?: {
                [key: string]: string;
            } | null;
            /** @description Fixes the single-page-app decision. */
            spa?: boolean | null;
            /** @description Fixes the start command. */
            start_command?: string | null;
            /** @description Fetch the repository's submodules too. */
            submodules?: boolean | null;
            /** @description Storage of the app that outlives deployments; in containers only. */
            volumes?: components["schemas"]["VolumeMount"][] | null;
            /** @description Globs of paths in the repository (`apps/web/**`); a push that changes none of them does not deploy. */
            watch_paths?: string[] | null;
        };
        /** @description An upload and what is still to come. */
        Upload: {
            /** @description Its id, to deploy it by. */
            id: components["schemas"]["Id_upl"];
            /** @description SHA-256 of each file that has to be sent before it can be deployed. */
            missing: string[];
        };
        /** @description One file or link of a folder. */
        UploadEntry: components["schemas"]["UploadEntryKind"] & {
            /** @description Path relative to the folder, with `/` between its parts. */
            path: string;
        };
        /** @description What an entry is. */
        UploadEntryKind: {
            /** @description It may be run. */
            executable: boolean;
            /** @description SHA-256 of its contents, 64 lower-case hex digits. */
            sha256: string;
            /**
             * Format: int64
             * @description Its length, bytes.
             */
            size: number;
            /** @enum {string} */
            type: "file";
        } | {
            /** @description Where it points; never out of the folder. */
            target: string;
            /** @enum {string} */
            type: "link";
        };
        /** @description The signed-in user. */
        User: {
            /**
             * Format: date-time
             * @description When the account was made.
             */
            created_at: string;
            /** @description Their address. */
            email: string;
            /** @description Their id. */
            id: components["schemas"]["Id_usr"];
            /** @description They own the whole instance. */
            instance_owner: boolean;
            /** @description Their name. */
            name: string;
            /** @description Their role in it. */
            role: components["schemas"]["Role"];
            /** @description What the token they came with may do. */
            scopes: components["schemas"]["Scope"][];
            /** @description The team they act for. */
            team_id: components["schemas"]["Id_team"];
        };
        /** @description A failure as its user reads it. */
        UserError: {
            /** @description Stable name for machines, snake_case (`build_command_failed`). */
            code: string;
            /** @description Why, with the particulars of this case. */
            detail: string;
            /** @description What to do next. */
            hint: string | null;
            /** @description What happened, one short sentence without a full stop. */
            title: string;
        };
        /** @description A variable that is different. */
        VariableChange: {
            /** @description What happened to it. */
            change: components["schemas"]["ChangeKind"];
            /** @description Its name. */
            name: string;
        };
        /**
         * @description What was made of a delivery.
         * @enum {string}
         */
        Verdict: "deployed" | "waiting" | "removed" | "ignored" | "duplicate";
        /** @description A volume of a project and where its app sees it. */
        VolumeMount: {
            /** @description Its name within the project: lower-case letters, digits and hyphens. */
            name: string;
            /** @description Where the app sees it, absolute. */
            path: string;
        };
        /** @description One volume. */
        VolumeUsage: {
            /**
             * Format: int64
             * @description What is in it; null when nobody measured it.
             */
            bytes: number | null;
            /** @description Its name within the project. */
            name: string;
        };
        /** @description What to enter at the Git provider. */
        Webhook: {
            /** @description What they are signed with. */
            secret: string;
            /** @description Where deliveries go. */
            url: string;
        };
        /** @description One delivery. */
        WebhookDelivery: {
            /** @description The provider's own id of it. */
            delivery_id: string;
            deployment_id: components["schemas"]["Id_dep"] | null;
            /** @description The provider's name of the event. */
            event: string;
            /**
             * @description The provider whose form it has.
             * @example github
             */
            forge: string;
            /** @description Its id here. */
            id: components["schemas"]["Id_whd"];
            /** @description SHA-256 of the body, hex. */
            payload_sha256: string;
            /** @description Why, in words. */
            reason: string;
            /**
             * Format: date-time
             * @description When it came.
             */
            received_at: string;
            /** @description What was made of it. */
            verdict: components["schemas"]["Verdict"];
        };
        /** @description What was made of a delivery for one project. */
        WebhookResult: {
            deployment_id: components["schemas"]["Id_dep"] | null;
            /** @description The project. */
            project_id: components["schemas"]["Id_prj"];
            /** @description Why, in words. */
            reason: string;
            /** @description What was made of it. */
            verdict: components["schemas"]["Verdict"];
        };
        /** @description One worker. */
        WorkerStatus: {
            /** @description Deployments it takes at the same time. */
            concurrency: number;
            disk: components["schemas"]["DiskStatus"] | null;
            /** @description Unique per start. */
            id: string;
            /** @description Its machine. */
            node: string;
            /**
             * Format: int64
             * @description Deployments it holds.
             */
            running: number;
            /** @description What it isolates builds and apps with: `process` or `docker`. */
            runtime: string;
            /** @description Why with that. */
            runtime_reason: string;
            /**
             * Format: date-time
             * @description When it began.
             */
            started_at: string;
            /** @description Its version. */
            version: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_me: {
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
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    update_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateMe"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Changed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refresh_session: {
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
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    register_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Register"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_sessions: {
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
                    "application/json": components["schemas"]["Page_Session"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    end_other_sessions: {
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
                    "application/json": components["schemas"]["EndedSessions"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_ses"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setup_state: {
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
                    "application/json": components["schemas"]["SetupState"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_dep"];
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
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_dep"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_deployment_changes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_dep"];
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
                    "application/json": components["schemas"]["DeploymentChanges"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_build_log: {
        parameters: {
            query?: {
                /** @description How many lines, at most 1000. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Resumes a live stream. */
                "Last-Event-ID"?: number | null;
            };
            path: {
                id: components["schemas"]["Id_dep"];
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
                    "application/json": components["schemas"]["BuildLogPage"];
                    "text/event-stream": components["schemas"]["StatusEvent"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeploy_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the same deployment again. */
                "Idempotency-Key"?: string | null;
            };
            path: {
                id: components["schemas"]["Id_dep"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    detect_repository: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DetectRepository"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Detection"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_github_apps: {
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
                    "application/json": components["schemas"]["GitHubApps"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_github_app: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_gha"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refresh_github_app: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_gha"];
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
                    "application/json": components["schemas"]["GitHubApp"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    finish_github_app: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FinishGitHubApp"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GitHubApp"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_github_app_form: {
        parameters: {
            query: {
                /** @description The state of `POST /github/manifest`. */
                state: string;
            };
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
                    "text/html": string;
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    begin_github_app: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewGitHubApp"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GitHubAppForm"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_github_repositories: {
        parameters: {
            query?: {
                /** @description Part of the name, in any case; several words all have to be in it. */
                q?: string | null;
                /** @description Page, from 1 on. */
                page?: number | null;
            };
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
                    "application/json": components["schemas"]["GitHubRepositories"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_invitations: {
        parameters: {
            query?: {
                /** @description How many items, at most 100. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
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
                    "application/json": components["schemas"]["Page_Invitation"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateInvitation"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedInvitation"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_inv"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Taken back. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_projects: {
        parameters: {
            query?: {
                /** @description How many items, at most 100. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
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
                    "application/json": components["schemas"]["Page_Project"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_project: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateProject"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedProject"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    update_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateProject"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_deploy_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["DeployKey"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_deploy_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeployKey"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    forget_host_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_deployments: {
        parameters: {
            query?: {
                /** @description How many items, at most 100. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description Only with one of these statuses, separated by commas.
                 * @example QUEUED,BUILDING,DEPLOYING
                 */
                status?: string;
                /** @description Only of this branch, tag or commit. */
                ref?: string;
                /** @description Only those made for this reason. */
                trigger?: "manual" | "webhook" | "redeploy" | "poll";
            };
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Page_Deployment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the same deployment again. */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDeployment"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    detect_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Detection"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_domains: {
        parameters: {
            query?: {
                /** @description How many items, at most 100. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Page_Domain"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_domain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDomain"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Domain"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_domain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                hostname: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    check_domain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                hostname: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Domain"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_env_vars: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Page_EnvVar"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replace_env_vars: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceEnvVars"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_EnvVar"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_env_var: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                /** @description Its name. */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutEnvVar"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvVar"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_env_var: {
        parameters: {
            query?: {
                /** @description The one for these environments; without it the one for all. */
                target?: "all" | "production" | "preview";
            };
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                /** @description Its name. */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_environments: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Page_Environment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_preview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                id: components["schemas"]["Id_env"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    approve_preview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                id: components["schemas"]["Id_env"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovePreview"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_instances: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Page_Instance"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_runtime_log: {
        parameters: {
            query?: {
                /** @description How many lines, at most 1000. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Resumes a live stream. */
                "Last-Event-ID"?: number | null;
            };
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["RuntimeLogPage"];
                    "text/event-stream": components["schemas"]["RuntimeLogLine"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    promote_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchRelease"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseSwitch"];
                };
            };
            /** @description Its app is being started first. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseSwitch"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_provider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Provider"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_provider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutProvider"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Provider"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_provider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rollback_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchRelease"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseSwitch"];
                };
            };
            /** @description Its app is being started first. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseSwitch"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_project_traffic: {
        parameters: {
            query?: {
                /** @description `hour` (by the minute) or `day` (by the quarter of an hour, without it). */
                range?: "hour" | "day";
            };
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["ProjectTraffic"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUpload"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_upload_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                id: components["schemas"]["Id_upl"];
                /** @description SHA-256 of the file, lower-case hex. */
                sha256: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Kept. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_project_usage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["ProjectUsage"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_webhook_deliveries: {
        parameters: {
            query?: {
                /** @description How many items, at most 100. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Page_WebhookDelivery"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replay_webhook_delivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
                id: components["schemas"]["Id_whd"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResult"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotate_webhook_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
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
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    system_status: {
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
                    "application/json": components["schemas"]["SystemStatus"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_templates: {
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
                    "application/json": components["schemas"]["Page_Template"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_tokens: {
        parameters: {
            query?: {
                /** @description How many items, at most 100. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
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
                    "application/json": components["schemas"]["Page_ApiToken"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateToken"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedToken"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id_tok"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receive_github_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GitHubWebhookResult"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receive_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Ignored, or received before. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResult"];
                };
            };
            /** @description It deploys. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResult"];
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
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
                    "application/json": components["schemas"]["Alive"];
                };
            };
        };
    };
    get_metrics: {
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
                    "text/plain": string;
                };
            };
            /** @description The request failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_ready: {
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
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description Postgres does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
        };
    };
}

//! `pedigree token`: access tokens; `pedigree login`: a link that logs a browser in.

use clap::Subcommand;
use pedigree_protocol::access::{NewToken, Role, Token, TokenSpec};
use pedigree_protocol::client::Client;
use serde_json::json;

use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::{Output, table, write_table};

const SECONDS_PER_DAY: u32 = 24 * 60 * 60;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token; its text is shown only this once
    Create {
        /// Name of the token: letters, digits, '.', '_' and '-'
        name: String,
        /// Role that the token gives: viewer, worker, operator or admin
        #[arg(long)]
        role: Role,
        /// Days until the token expires; 0 means never
        #[arg(long, default_value_t = 90, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=3650))]
        expires: u32,
    },
    /// List the tokens, newest first
    List(Listing),
    /// Revoke a token and the browser sessions opened with it
    Revoke {
        /// Name of the token
        name: String,
    },
}

pub(crate) async fn run(
    command: TokenCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<()> {
    let client = connection.client()?;
    match command {
        TokenCommand::Create { name, role, expires } => {
            let lifetime_s = (expires > 0).then(|| expires * SECONDS_PER_DAY);
            create(&client, &TokenSpec { name, role, lifetime_s }, output).await
        }
        TokenCommand::List(listing) => list(&client, listing, output).await,
        TokenCommand::Revoke { name } => {
            let token = client.revoke_token(&name).await?;
            output.document(&token, |screen| writeln!(screen, "{} is revoked", token.name))
        }
    }
}

async fn create(client: &Client, spec: &TokenSpec, output: Output) -> anyhow::Result<()> {
    let made = client.create_token(spec).await?;
    let NewToken { token, secret } = &made;
    output.note(&format!(
        "token {} with the role {}; keep its text, it is not shown again:",
        token.name, token.role
    ));
    output.document(&made, |screen| writeln!(screen, "{}", secret.expose()))
}

async fn list(client: &Client, listing: Listing, output: Output) -> anyhow::Result<()> {
    let tokens = Listing::items(client.list_tokens(listing.limit).await?, output);
    let table = table(&["token", "role", "state", "expires", "last used"], &[], tokens.iter().map(row));
    output.document(&tokens, |screen| write_table(screen, &table))
}

fn row(token: &Token) -> Vec<String> {
    let day =
        |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.format("%Y-%m-%d %H:%M").to_string());
    let state = match (token.live, token.revoked_at) {
        (true, _) => "live",
        (false, Some(_)) => "revoked",
        (false, None) => "expired",
    };
    let never = || "never".to_owned();
    vec![
        token.name.clone(),
        token.role.to_string(),
        state.to_owned(),
        day(token.expires_at).unwrap_or_else(never),
        day(token.last_used_at).unwrap_or_else(never),
    ]
}

/// Prints a link that logs a browser in once, with the role of the token in use.
pub(crate) async fn login(connection: &Connection, output: Output) -> anyhow::Result<()> {
    let client = connection.client()?;
    let link = client.login_link().await?;
    let url = format!("{}{}", client.server(), link.path.expose());
    output.note(&format!(
        "open this in a browser within five minutes; it works once, with the role {}:",
        link.role
    ));
    output.document(&json!({ "url": url, "role": link.role, "expires_at": link.expires_at }), |screen| {
        writeln!(screen, "{url}")
    })
}

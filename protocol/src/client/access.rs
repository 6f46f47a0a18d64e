//! Tokens and login links.

use reqwest::Method;

use super::Client;
use super::error::Result;
use super::pages::ALL;
use super::route::route;
use crate::access::{LoginLink, NewToken, Token, TokenSpec};
use crate::page::Page;

impl Client {
    /// All tokens, newest first.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        Ok(self.list_tokens(None).await?.items)
    }

    /// The first tokens, newest first, `most` at most.
    pub async fn list_tokens(&self, most: Option<u32>) -> Result<Page<Token>> {
        self.first(&route!["tokens"], ALL, most).await
    }

    /// Makes a token; its text is in the answer and nowhere else.
    pub async fn create_token(&self, spec: &TokenSpec) -> Result<NewToken> {
        self.post(route!["tokens"], spec).await
    }

    /// Revokes the token of this name.
    pub async fn revoke_token(&self, name: &str) -> Result<Token> {
        self.decode(self.request(Method::DELETE, &route!["tokens", name])?).await
    }

    /// Makes a link that logs a browser in, once.
    pub async fn login_link(&self) -> Result<LoginLink> {
        self.post(route!["login-links"], &()).await
    }
}

//! The users, in SQLite.

use std::path::Path;
use std::time::SystemTime;

use rsgrpc::Status;
use rsgrpc::prost_types::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot};

use crate::example::v1::User;
use crate::example::v1::sync_status::Outcome;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id      TEXT PRIMARY KEY,
        name    TEXT NOT NULL,
        email   TEXT NOT NULL,
        roles   TEXT NOT NULL,     -- separated by spaces
        status  INTEGER NOT NULL,
        created INTEGER NOT NULL,  -- microseconds since 1970
        updated INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID";

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Runs queries one after the other on a thread of its own: SQLite blocks, and a handler must not.
#[derive(Debug)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
}

impl Store {
    /// Opens the file, or an empty database in memory.
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let mut connection = file.map_or_else(Connection::open_in_memory, Connection::open)?;
        connection.execute_batch(SCHEMA)?;
        let (jobs, mut queue) = mpsc::channel::<Job>(64);
        std::thread::spawn(move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut connection);
            }
        });
        Ok(Self { jobs })
    }

    /// The user with this id.
    pub(crate) async fn user(&self, id: String) -> Result<User, Status> {
        let found = self
            .run({
                let id = id.clone();
                move |db| find(db, &id)
            })
            .await?;
        found.ok_or_else(|| missing(&id))
    }

    /// The next users by id, all or only those in one state.
    pub(crate) async fn users_after(&self, id: String, status: Option<i32>, limit: u32) -> Result<Vec<User>, Status> {
        self.run(move |db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM users WHERE id > ?1 AND status = ifnull(?2, status) ORDER BY id LIMIT ?3",
            )?;
            query.query_map(params![id, status, limit], from_row)?.collect()
        })
        .await
    }

    /// Changes all these users, or none if one of them does not exist. Answers with the users as they are now.
    pub(crate) async fn update(&self, users: Vec<User>) -> Result<Vec<User>, Status> {
        let updated = self.run(move |db| {
            let transaction = db.transaction()?;
            let mut updated = Vec::with_capacity(users.len());
            for user in users {
                match write(&transaction, UPDATE, &user)? {
                    Some(user) => updated.push(user),
                    None => return Ok(Err(missing(&user.id))), // Dropping the transaction rolls it back.
                }
            }
            transaction.commit()?;
            Ok(Ok(updated))
        });
        updated.await?
    }

    /// Creates or changes the user. Answers with the user as it is now.
    pub(crate) async fn put(&self, user: User) -> Result<(Outcome, User), Status> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            let old = find(&transaction, &user.id)?;
            let outcome = match &old {
                None => Outcome::Created,
                Some(old) if same(old, &user) => Outcome::Unchanged,
                Some(_) => Outcome::Updated,
            };
            let statement = if outcome == Outcome::Created { INSERT } else { UPDATE };
            let new = match old {
                Some(old) if outcome == Outcome::Unchanged => old,
                _ => write(&transaction, statement, &user)?.unwrap_or(user),
            };
            transaction.commit()?;
            Ok((outcome, new))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Status> {
        let (answer, answered) = oneshot::channel();
        // Nobody listens any more when the call was cancelled meanwhile.
        let job: Job = Box::new(move |db| drop(answer.send(work(db))));
        self.jobs.send(job).await.map_err(|_| Status::unavailable("the database is closed"))?;
        let answer = answered.await.map_err(|_| Status::unavailable("the database is closed"))?;
        answer.map_err(|error| {
            eprintln!("database: {error}"); // For the operator, not for the caller.
            Status::internal("the database failed")
        })
    }
}

const INSERT: &str = "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) RETURNING *";
const UPDATE: &str =
    "UPDATE users SET name = ?2, email = ?3, roles = ?4, status = ?5, updated = ?6 WHERE id = ?1 RETURNING *";

fn find(db: &Connection, id: &str) -> rusqlite::Result<Option<User>> {
    db.prepare_cached("SELECT * FROM users WHERE id = ?1")?.query_row([id], from_row).optional()
}

/// `None` if there is no such user to update.
fn write(db: &Connection, statement: &str, user: &User) -> rusqlite::Result<Option<User>> {
    let values = params![user.id, user.name, user.email, user.roles.join(" "), user.status, micros_now()];
    db.prepare_cached(statement)?.query_row(values, from_row).optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        roles: row.get::<_, String>("roles")?.split_whitespace().map(str::to_owned).collect(),
        status: row.get("status")?,
        create_time: Some(timestamp(row.get("created")?)),
        update_time: Some(timestamp(row.get("updated")?)),
    })
}

/// Whether they have the same values, apart from those which the server sets.
fn same(old: &User, new: &User) -> bool {
    let values = |user: &User| User { create_time: None, update_time: None, ..user.clone() };
    values(old) == values(new)
}

fn missing(id: &str) -> Status {
    Status::not_found(format!("there is no user `{id}`"))
}

fn micros_now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)
}

fn timestamp(micros: i64) -> Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

//! A mail server of the tests' own on a real socket: takes what it is sent and keeps it.

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};
use tokio_util::task::TaskTracker;

pub(crate) struct Server {
    folder: TempDir,
    mails: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("smtp://{}\n", listener.local_addr().unwrap());
        std::fs::write(folder.path().join("smtp"), url).unwrap();
        let (send, mails) = mpsc::unbounded_channel();
        let tasks = TaskTracker::new();
        tasks.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(converse(stream, send.clone()));
            }
        });
        Self { folder, mails: Mutex::new(mails) }
    }

    pub(crate) fn url_file(&self) -> std::path::PathBuf {
        self.folder.path().join("smtp")
    }

    /// The next mail, whole: envelope and content.
    pub(crate) async fn mail(&self) -> String {
        self.mails.lock().await.recv().await.unwrap()
    }

    /// The six digits that the next mail's subject begins with.
    pub(crate) async fn code(&self) -> String {
        let mail = self.mail().await;
        let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
        let code = subject.and_then(|subject| subject.split(' ').next());
        code.unwrap_or_else(|| panic!("no code in {mail}")).to_owned()
    }
}

async fn converse(stream: TcpStream, send: mpsc::UnboundedSender<String>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = String::new();
    write.write_all(b"220 mail.test\r\n").await.ok()?;
    while let Ok(Some(line)) = lines.next_line().await {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" => b"250-mail.test\r\n250 SMTPUTF8\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push('\n');
                }
                send.send(std::mem::take(&mut mail)).ok()?;
                b"250 taken\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => {
                mail.push_str(&line);
                mail.push('\n');
                b"250 ok\r\n"
            }
        };
        write.write_all(answer).await.ok()?;
    }
    Some(())
}

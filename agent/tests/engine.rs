//! The whole agent on a real engine: builds, runs, diagnoses, limits, and what is left afterwards.

mod rig;

use rig::{App, Rig};

const HELLO: &str = "
import http.server, os
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'hello from ' + str(os.getuid()).encode())
print('listening', flush=True)
http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), Hello).serve_forever()
";

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_becomes_an_app_that_answers_and_leaves_nothing_when_it_ends() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(HELLO).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let workload = rig.until_healthy(lease.lease).await;
    assert!(rig.get(lease.lease).await.starts_with("hello from 2"));
    assert!(workload.image.is_some() && workload.host_port.is_some());
    rig.assign(&[]).await;
    rig.until_gone(lease.lease).await;
    rig.until("rid of its image", |report| report.images.is_empty().then_some(())).await;
    let log = rig.log(lease.lease).join("\n");
    assert!(log.contains("COPY app.py") && log.contains("listening") && log.contains("is healthy"), "{log}");
    let seen = rig.engine.observe().await.unwrap();
    assert!(seen.containers.is_empty() && seen.images.is_empty(), "{seen:?}");
}

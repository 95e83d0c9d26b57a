use super::*;

fn sample() -> Dockerfile {
    let run =
        Run::new("npm ci").then("npm run build").cache("t-npm", "/root/.npm").secrets(&["TOKEN".to_owned()]);
    Dockerfile::new(vec![
        Stage::named("node:24-slim", "build").workdir("/app").args(&["VITE_A".to_owned()]).run(run),
        Stage::new("nginx:stable-alpine-slim").copy_from("build", "/app/my site", "/srv").cmd(&["a \"b\""]),
    ])
}

#[test]
fn the_text_keeps_spaces_and_quotes_whole() {
    expect_test::expect![[r#"
        FROM node:24-slim AS build
        WORKDIR /app
        ARG VITE_A
        RUN --mount=type=cache,id=t-npm,target=/root/.npm,sharing=locked \
            --mount=type=secret,id=TOKEN \
            TOKEN="$(cat /run/secrets/TOKEN)" && export TOKEN \
         && npm ci \
         && npm run build

        FROM nginx:stable-alpine-slim
        COPY --from=build ["/app/my site", "/srv"]
        CMD ["a \"b\""]
    "#]]
    .assert_eq(&sample().render());
}

#[test]
fn stripping_cache_mounts_leaves_secrets_and_commands() {
    let text = without_mounts(&sample().render());
    assert!(text.contains("RUN --mount=type=secret,id=TOKEN \\\n"), "{text}");
    assert!(!text.contains("type=cache"));
    assert_eq!(without_mounts(&text), text, "a second time changes nothing");
    assert_eq!(without_mounts("RUN --mount=type=cache,target=/x ls\n"), "RUN ls\n");
}

#[test]
fn args_and_secrets_are_told_apart() {
    assert_eq!(sample().args(), ["VITE_A"]);
    assert_eq!(sample().secrets(), ["TOKEN"]);
}

#[test]
fn images_leave_out_earlier_stages_and_scratch() {
    let text = "FROM --platform=linux/amd64 a:1 AS One\nFROM one AS two\nFROM scratch\nFROM b\nfrom a:1\n";
    assert_eq!(images(text), ["a:1", "b"]);
}

#[test]
fn a_heredoc_body_is_not_read_as_instructions() {
    let text = "FROM a\nRUN <<EOF\nEXPOSE 1\nEOF\nEXPOSE 2\n";
    let ports: Vec<_> = instructions(text).into_iter().filter(|i| i.keyword == "EXPOSE").collect();
    assert_eq!(ports.len(), 1);
    assert_eq!(ports[0].rest, "2");
}

#[test]
fn a_continued_line_may_hold_a_comment() {
    let parsed = instructions("RUN a \\\n# why\n && b\nEXPOSE 80");
    assert_eq!(parsed[0].rest, "a && b");
    assert_eq!(parsed[1].keyword, "EXPOSE");
}

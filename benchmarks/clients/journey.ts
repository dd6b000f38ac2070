// A learner's whole journey with the types that openapi-typescript makes of the description; a wrong type does not compile.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Event = components["schemas"]["ChatKitEvent"];

const baseUrl = process.argv[2] ?? "http://127.0.0.1:8000";
const api = createClient<paths>({ baseUrl });
const username = "nova-of-typescript";
const path = { username };

function present<T>(answer: { data?: T; response: Response }): T {
  assert.ok(answer.data !== undefined, `${answer.response.url}: ${answer.response.status}`);
  return answer.data;
}

const plan = present(await api.POST("/api/onboarding/plan", { body: { username, goal: "Read any SQL query plan", timezone: "Europe/Berlin" } }));
const tasks = plan.onboarding_assessment?.tasks ?? [];
assert.ok(tasks.length > 0);

const item = present(await api.GET("/api/profile/{username}/schedule", { params: { path } })).items[0];
assert.ok(item);
const item_id = item.item_id;
const found = (schedule: components["schemas"]["ServedSchedule"]) => schedule.items.find((other) => other.item_id === item_id);
const moved = present(await api.POST("/api/profile/{username}/schedule/adjust", { params: { path }, body: { item_id, days: 2 } }));
assert.equal(found(moved)?.recommended_day_offset, item.recommended_day_offset + 2);
const launched = present(await api.POST("/api/session/schedule/launch", { body: { username, item_id } }));
assert.equal(launched.item.launch_status, "in_progress");
assert.ok(launched.content.lesson?.display);
const done = present(await api.POST("/api/session/schedule/complete", { body: { username, item_id } }));
assert.equal(found(done)?.launch_status, "completed");

const form = new FormData();
form.append("file", new Blob(["EXPLAIN SELECT 1"], { type: "text/plain" }), "plan.txt");
const file = present(
  await api.POST("/api/onboarding/{username}/assessment/attachments/files", {
    params: { path },
    body: { file: "" },
    bodySerializer: () => form,
  }),
);
assert.equal(file.name, "plan.txt");
const responses = tasks.map((task) => ({ task_id: task.task_id, response: "A nested loop reads it once per row." }));
const submitted = present(await api.POST("/api/onboarding/{username}/assessment/submissions", { params: { path }, body: { responses } }));
assert.equal(submitted.attachments.length, 1);
const result = present(await api.GET("/api/onboarding/{username}/assessment/result", { params: { path } }));
assert.deepEqual(submitted.grading, result);

const said = present(await api.POST("/api/session/chat", { body: { message: "I have 20 minutes", metadata: { username } } }));
assert.ok(said.display);
const stream = await api.POST("/chatkit", {
  parseAs: "text",
  body: {
    type: "threads.create",
    params: { input: { content: [{ type: "input_text", text: "hello" }], attachments: [], inference_options: {} } },
  },
});
const events = String(stream.data)
  .split("\n\n")
  .filter((line) => line)
  .map((line) => JSON.parse(line.slice("data: ".length)) as Event);
const answers = events.flatMap((event) => (event.type === "thread.item.done" && event.item.type === "assistant_message" ? [event.item.content[0]?.text] : []));
assert.ok(answers[0]);

const nobody = await api.GET("/api/profile/{username}", { params: { path: { username: "nobody" } } });
assert.ok(nobody.error && "detail" in nobody.error);
assert.equal(nobody.response.headers.get("Error-Code"), "learner_not_found");
console.log(`The journey is made: ${moved.items.length} items, ${tasks.length} tasks, ${events.length} events.`);

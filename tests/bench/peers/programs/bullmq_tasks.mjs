// BullMQ with undici. `enqueue` adds PEER_TASKS jobs and says how long that took; `work` runs a worker.
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const require = createRequire(`${process.env.PEER_HOME}/`);
const { Queue, Worker } = require("bullmq");
const { Pool } = require("undici");

const { PEER_REDIS_PORT, PEER_SINK, PEER_TASKS } = process.env;
const connection = { host: "127.0.0.1", port: Number(PEER_REDIS_PORT), maxRetriesPerRequest: null };
const BULK = 1000;

if (process.argv[2] === "enqueue") {
  const queue = new Queue("bench", { connection, defaultJobOptions: { removeOnComplete: true, attempts: 3 } });
  const body = "x".repeat(200);
  const begun = performance.now();
  for (let left = Number(PEER_TASKS); left > 0; left -= BULK) {
    await queue.addBulk(Array.from({ length: Math.min(BULK, left) }, () => ({ name: "post", data: { body } })));
  }
  console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000 }));
  await queue.close();
} else {
  const pool = new Pool(new URL(PEER_SINK).origin, { connections: 100, pipelining: 1 });
  const post = async (job) => {
    const answer = await pool.request({ path: "/", method: "POST", body: job.data.body });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`status ${answer.statusCode}`);
  };
  new Worker("bench", post, { connection, concurrency: 100 });
}

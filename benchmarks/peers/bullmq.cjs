// BullMQ's worker and hand: the same words as benchmarks/driver/hand.py. Needs NODE_PATH.
"use strict";
const fs = require("fs");
const { Queue, Worker } = require("bullmq");
const { Redis } = require("ioredis");

const url = new URL(process.env.REDIS_URL);
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nowNs = () => process.hrtime.bigint(); // the monotonic clock
const options = JSON.parse(process.env.BENCH_JOB_OPTIONS);

function work(threads) {
  const redis = new Redis(connection);
  const journal = process.env.BENCH_JOURNAL ? fs.openSync(process.env.BENCH_JOURNAL, "a") : null;
  const run = async (job) => {
    if (job.name === "call") await redis.incr("bench:calls");
    if (job.name !== "stamp") return;
    fs.writeSync(journal, `${job.data.due} ${nowNs()}\n`);
    if (job.data.work) await sleep(job.data.work);
  };
  const worker = new Worker("bench", run, { connection, concurrency: Number(threads) });
  process.on("SIGTERM", () => worker.close().then(() => process.exit(0)));
}

const bulk = async (queue, count, task = "noop") => {
  for (let begin = 0; begin < count; begin += 1000) {
    const part = Array.from({ length: Math.min(1000, count - begin) }, () => ({ name: task, data: {}, opts: options }));
    await queue.addBulk(part);
  }
  return Number(count);
};

const verbs = {
  bulk,
  fill: bulk,
  prepare: async () => 0,
  send: async (queue, seconds) => {
    const end = Date.now() + seconds * 1000;
    let sent = 0;
    for (; Date.now() < end; sent++) await queue.add("noop", {}, options);
    return sent;
  },
  pace: async (queue, rate, seconds, workMs) => {
    const begin = Date.now();
    const count = Math.round(rate * seconds);
    const stamps = [];
    for (let n = 0; n < count; n++) {
      const ahead = begin + (n * 1000) / rate - Date.now();
      if (ahead > 0) await sleep(ahead);
      const due = nowNs();
      stamps.push(Number(due)); // exact up to 2^53 ns, which are 104 days
      await queue.add("stamp", { due: due.toString(), work: Number(workMs) }, options);
    }
    return stamps;
  },
};

async function hand(verb, words) {
  const queue = new Queue("bench", { connection });
  await queue.waitUntilReady();
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const sent = await verbs[verb](queue, ...words);
  const used = process.cpuUsage(cpu);
  const count = { sent: sent.length ?? sent, stamps: sent.length ? sent : [] };
  const took = { ...count, seconds: (performance.now() - begin) / 1000, cpu_s: (used.user + used.system) / 1e6 };
  console.log(JSON.stringify(took));
  await queue.close();
  process.exit(0);
}

const [verb, ...words] = process.argv.slice(2);
if (verb === "work") work(words[0]);
else hand(verb, words);

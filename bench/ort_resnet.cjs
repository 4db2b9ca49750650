// Times ONNX Runtime on the files that torch_resnet.py --onnx wrote; one JSON line per workload.
// usage: node ort_resnet.cjs DIR_OF_ONNX THREADS NODE_MODULES_DIR [WORKLOAD...]
const [dir, threads, modules, ...names] = process.argv.slice(2);
const place = require("path").resolve(modules, "onnxruntime-node");
const ort = require(place), { version } = require(place + "/package.json");
const workloads = { "resnet18": [16, 224], "resnet18-cifar": [128, 32] };
(async () => {
  for (const name of names.length ? names : Object.keys(workloads)) {
    const [batch, size] = workloads[name];
    const session = await ort.InferenceSession.create(`${dir}/${name}.onnx`, { intraOpNumThreads: +threads, graphOptimizationLevel: "all" });
    const x = new ort.Tensor("float32", Float32Array.from({ length: batch * 3 * size * size }, () => Math.random() * 2 - 1), [batch, 3, size, size]);
    const seconds = [];
    for (let i = 0; i < 6; i++) {
      const start = process.hrtime.bigint();
      await session.run({ x });
      seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
    }
    const best = Math.min(...seconds.slice(1));
    console.log(JSON.stringify({ peer: `onnxruntime ${version}`, workload: name, mode: "infer", batch, threads: +threads, images_per_second: +(batch / best).toFixed(2) }));
  }
})();

// The model of a run: its parts and what they cost.
import { amount, askJson, bytes, facts, imageOf, make, percent, query, runLink, table, themeName } from "/page.js";

export async function modelPage(main, values, signal) {
  const id = values.get("run");
  const model = await askJson(`model?${query({ run: id })}`, { signal });
  const total = model.macs || 1;
  const costs = make("div", {}, make("p", { class: "quiet" }, "counting ..."));
  const figures = make("div", {}, make("p", { class: "quiet" }, "drawing ..."));
  main.append(make("h1", {}, `Model of `, make("a", { href: runLink(id) }, make("bdi", {}, id))),
    model.note ? make("p", {}, model.note) : "",
    facts([["Preset", model.name], ["Attention", model.attention], ["Image", `${model.imageSize} × ${model.imageSize} × ${model.channels}`],
      ["Classes", model.classes.toLocaleString("en")], ["Parameters", amount(model.parameters)], ["MACs of an image", amount(model.macs)]]),
    make("h2", {}, "Multiply-adds of an image's forward pass"),
    table("Multiply-adds by part", ["Part", "#MACs", "#Share"], model.macsByPart.map(one => [one.part, amount(Math.round(one.macs)),
      percent(one.macs / total)])),
    make("h2", {}, "What a change of attention would cost"), costs,
    make("h2", {}, "Parts and their parameters"),
    ...model.parts.map(part => make("details", {}, make("summary", {}, make("strong", {}, part.name),
      ` ${amount(part.count)} parameters, ${percent(part.count / (model.parameters || 1))}`),
    table(part.name, ["Name", "Shape", "#Values"], part.parameters.map(one => [one.name, one.shape, one.count.toLocaleString("en")])))),
    make("h2", {}, "Figures of the trained model"), figures);
  askJson(`costs?${query({ run: id })}`, { signal }).then(answer => {
    const own = answer.costs.find(one => one.isOwn);
    const against = (value, base) => base ? `${value >= base ? "+" : "−"}${(100 * Math.abs(value / base - 1)).toFixed(1)} %` : "";
    costs.replaceChildren(answer.costs.length === 0 ? make("p", {}, "This model has no attention to change.")
      : table("Costs by attention", ["Attention", "#Parameters", "#MACs", "#against its own", "#Activations in training",
        "#against its own", "#Bytes moved in training"], answer.costs.map(one => one.problem
        ? [one.attention, { text: one.problem, wrap: true }, "", "", "", "", ""]
        : [one.isOwn ? `${one.attention} (its own)` : one.attention, amount(one.parameters), amount(Math.round(one.macs)),
          one.isOwn ? "" : against(one.macs, own.macs), bytes(one.activationBytes),
          one.isOwn ? "" : against(one.activationBytes, own.activationBytes), bytes(one.movedBytes)]),
      { caption: "Of one image, counted without running it; weights are trained anew for another attention." }));
  }).catch(error => { if (!signal.aborted) costs.replaceChildren(make("p", { class: "problem" }, error.message)); });
  askJson(`figures?${query({ run: id, theme: themeName() })}`, { signal }).then(answer => {
    figures.replaceChildren(answer.figures.length === 0 ? make("p", {}, "There are none for this kind of model.")
      : make("div", { class: "pair" }, answer.figures.map(figure => make("figure", { class: "card figure" },
        imageOf(figure.png, figure.title), figure.table ? table(figure.title, figure.table[0], figure.table.slice(1)) : null))));
  }).catch(error => { if (!signal.aborted) figures.replaceChildren(make("p", {}, error.message)); });
}

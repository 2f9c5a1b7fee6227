/** Sizes of scenarios: small ones for every day, others from the environment, like PROST_DHT="nodes=1000,values=10000". */

/** What `variable` says by `name=number,…`, beside what is given. */
export function sizesFrom<Given extends object>(variable: string, given: Given): Given {
  const pairs = (process.env[variable] ?? "").split(",").filter(Boolean);
  const said = pairs.map((pair) => {
    const [name, number] = pair.split("=");
    return [name, Number(number)];
  });
  return { ...given, ...(Object.fromEntries(said) as Partial<Given>) };
}

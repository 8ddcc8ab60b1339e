#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "proofs_check/certificate/certificate.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/receipt/receipt.hpp"

namespace attnbounds {

Json reduction_certificate(const std::filesystem::path& folder) {
  const std::filesystem::path place = folder / "instance.json";
  const Json instance = Json::parse(read_file(place), nullptr, false);
  if (!instance.is_object() || !instance.contains("files") || !instance.at("files").contains("vectors"))
    throw InputError(place.string(), "a reduction of a formula or of vectors", "something else");
  if (instance.contains("protocol") &&
      instance.at("protocol").value("code", "reed-solomon") != "reed-solomon")
    throw InputError(place.string(), "the protocol over Reed-Solomon codes (recheck.py re-checks the other)",
                     instance.at("protocol").at("code").get<std::string>());
  const auto hashed = [&](const std::string& file) {
    return Json{{"file", file}, {"sha256", sha256(read_file(folder / file))}};
  };
  Json files;
  for (const auto& [key, file] : instance.at("files").items()) files[key] = hashed(file);
  Json protocol, threshold;
  if (instance.contains("protocol"))
    for (const char* key : {"nodes", "columns", "field"}) protocol[key] = instance.at("protocol").at(key);
  Json c = {{"format", "attnbounds-certificate"},
            {"version", 1},
            {"kind", "reduction"},
            {"arity", instance.at("arity")}};
  for (const char* key : {"decision", "gap", "epsilon"}) c[key] = nullptr;
  if (instance.contains("threshold")) {
    for (const auto& [key, file] : instance.at("matrices").items()) files[key] = hashed(file);
    for (const char* key : {"entry", "bias", "bias_columns"})
      threshold[key] = instance.at("threshold").at(key);
    c["decision"] = instance.at("decision");
    c["gap"] = instance.at("exact").at("gap");
    c["epsilon"] = instance.at("exact").at("epsilon");
  }
  c["files"] = files;
  c["protocol"] = protocol;
  c["threshold"] = threshold;
  const VectorFamilies vectors = vectors_from_text(read_file(folder / "ov.txt"), "ov.txt");
  const std::optional<Tuple> witness = find_orthogonal(vectors);
  c["witness"] = witness ? Json(*witness) : Json();
  c["count"] = witness ? Json() : Json(0);
  return c;
}

}  // namespace attnbounds

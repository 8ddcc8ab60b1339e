#include <algorithm>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "numeric/npy.hpp"
#include "numeric/random.hpp"
#include "program.hpp"

using namespace attnbounds;

namespace {

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

// A matrix loss with n = 5, d = 2.
void write_instance(const fs::path& folder) {
  Stream draw(0, "cli gradient_test");
  fs::create_directories(folder);
  const std::pair<const char*, std::pair<int, int>> shapes[] = {
      {"A1", {5, 2}}, {"A2", {4, 2}}, {"A3", {4, 2}}, {"X", {2, 2}}, {"Y", {2, 2}}, {"E", {5, 2}}};
  for (const auto& [name, shape] : shapes)
    write_npy(folder / (std::string(name) + ".npy"), draw.uniform_matrix(shape.first, shape.second, 1));
  write_text(folder / "instance.json",
             R"({"kind": "matrix-gradient", "matrices": {"A1": "A1.npy", "A2": "A2.npy", "A3": "A3.npy",
                 "X": "X.npy", "Y": "Y.npy", "E": "E.npy"}})");
}

/// The writer refuses what is not finite, so an infinity is patched into the last entry's bytes (float64, C
/// order).
void write_npy_ending_in_infinity(const fs::path& path, const Matrix<double>& matrix) {
  std::string bytes = npy_bytes(matrix, NpyType::float64);
  const std::string infinity("\0\0\0\0\0\0\xf0\x7f", 8);
  bytes.replace(bytes.size() - 8, 8, infinity);
  std::ofstream(path, std::ios::binary) << bytes;
}

bool is_one_line(const std::string& text) { return !text.empty() && text.find('\n') == text.size() - 1; }

}  // namespace

TEST_CASE("gradient --certify: both methods keep their bound, and the output has X's shape") {
  const TemporaryFolder folder;
  const fs::path instance = folder.path / "instance", out = folder.path / "g.npy";
  write_instance(instance);
  for (const std::string method : {"exact", "polynomial", "auto"}) {
    const Answer answer =
        run_program("attnbounds", "gradient " + instance.string() + " --eps 1e-5 --method " + method +
                                      " --certify --json --out " + out.string());
    INFO(answer.errors);
    REQUIRE(answer.status == 0);
    const auto json = nlohmann::json::parse(answer.output);
    CHECK(json["guarantee_verdict"] == "verified");
    CHECK(json["budget_verdict"] == "verified");
    CHECK(read_npy(out).rows() == 2);
    CHECK(read_npy(out).cols() == 2);
  }
}

TEST_CASE("gradient --arithmetic float on the CPU: its own bound is met, certified") {
  const TemporaryFolder folder;
  const fs::path instance = folder.path / "instance";
  write_instance(instance);
  for (const std::string method : {"exact", "polynomial"}) {
    const Answer answer =
        run_program("attnbounds", "gradient " + instance.string() +
                                      " --eps 1e-2 --arithmetic float --certify --json --method " + method);
    INFO(answer.errors);
    REQUIRE(answer.status == 0);
    const auto json = nlohmann::json::parse(answer.output);
    CHECK(json["arithmetic"] == "float");
    CHECK(json["method"] == method);
    CHECK(json["guarantee_verdict"] == "verified");
    CHECK(json["budget_verdict"] == "verified");
    CHECK(std::stod(json["bound_decimal"].get<std::string>()) > 1e-7);
  }
}

TEST_CASE("gradient refuses instances that do not fit in one line, exit status 2, nothing written") {
  const TemporaryFolder folder;
  const fs::path instance = folder.path / "instance", out = folder.path / "g.npy";
  const auto refused = [&](const std::string& arguments, const std::string& mentions) {
    const Answer answer = run_program(
        "attnbounds", "gradient " + instance.string() + " " + arguments + " --out " + out.string());
    INFO(answer.errors);
    CHECK(answer.status == 2);
    CHECK(is_one_line(answer.errors));
    CHECK(answer.errors.find(mentions) != std::string::npos);
    CHECK(!fs::exists(out));
  };
  refused("--eps 1e-5", "instance.json");  // no such folder
  write_instance(instance);
  refused("--eps 0", "--eps");
  refused("--eps 1e-5 --device cuda", "--device");
  refused("--eps 1e-5 --device cuda --arithmetic mixed", "--device");
  refused("--eps 1e-5 --arithmetic mixed", "--arithmetic");
  write_npy(instance / "X.npy", Matrix<double>::Ones(3, 3));
  refused("--eps 1e-5", "X");
  write_instance(instance);
  write_text(instance / "instance.json",
             R"({"kind": "tensor-gradient", "matrices": {"A1": "A1.npy", "A2": "A2.npy",
      "A3": "A3.npy", "A4": "A2.npy", "A5": "A3.npy", "X": "X.npy", "Y1": "Y.npy", "E": "E.npy"}})");
  refused("--eps 1e-5", "Y2");
  write_text(instance / "instance.json", R"({"kind": "attention", "matrices": {}})");
  refused("--eps 1e-5", "kind");
  write_text(instance / "instance.json", "[1, 2");
  refused("--eps 1e-5", "instance.json");
}

TEST_CASE("gradient names the matrix that does not fit, what was expected and what was found") {
  const TemporaryFolder folder;
  const fs::path instance = folder.path / "instance";
  const auto error_of = [&] {
    const Answer answer = run_program("attnbounds", "gradient " + instance.string() + " --eps 1e-5");
    CHECK(answer.status == 2);
    CHECK(answer.output.empty());
    return answer.errors;
  };
  write_instance(instance);
  write_npy(instance / "X.npy", Matrix<double>::Ones(3, 3));  // A1 has two columns
  CHECK(error_of() == "attnbounds: X: expected 2 x 2 (d x d, d the columns of A1), found 3 x 3\n");
  write_instance(instance);
  write_npy_ending_in_infinity(instance / "A1.npy", Matrix<double>::Ones(5, 2));
  CHECK(error_of() == "attnbounds: " + (instance / "A1.npy").string() +
                          ": row 4, column 1: expected a finite number, found infinity\n");
  write_instance(instance);
  write_text(instance / "instance.json",
             R"({"kind": "tensor-gradient", "matrices": {"A1": "A1.npy", "A2": "A2.npy",
      "A3": "A3.npy", "A4": "A2.npy", "A5": "A3.npy", "X": "X.npy", "Y1": "Y.npy", "E": "E.npy"}})");
  CHECK(error_of() == "attnbounds: " + (instance / "instance.json").string() +
                          ": matrices.Y2: expected a file name, found none\n");
}

TEST_CASE("propagate keeps its bounds for every kind of layer, and the same seed gives the same bytes") {
  for (const std::string arguments :
       {"--layers 4", "--layers 3 --heads 2 --causal --mlp gelu", "--layers 3 --mlp relu --no-residual",
        "--layers 2 --mlp gelu --layer-norm --n 4", "--layers 2 --signs random",
        "--layers 5 --kind adversarial", "--layers 3 --kind trained-like --heads 2",
        "--layers 3 --n 2 --d 1"}) {
    INFO(arguments);
    const Answer once = run_program("attnbounds", "propagate --json " + arguments),
                 again = run_program("attnbounds", "propagate --json --threads 1 " + arguments);
    REQUIRE(once.status == 0);
    CHECK(once.output == again.output);
    const auto json = nlohmann::json::parse(once.output);
    CHECK(json["verdict"] == "verified");
  }
}

TEST_CASE("propagate refuses bad options in one line") {
  for (const std::string arguments :
       {"--layers 0", "--layers 2 --delta 1", "--layers 2 --delta x", "--layers 2 --n 0", "--layers 2 --n 1",
        "--layers 2 --d 1 --layer-norm", "--layers 2 --scale 0", "--layers 900 --n 4000",
        "--weights /no/such/folder"}) {
    INFO(arguments);
    const Answer answer = run_program("attnbounds", "propagate " + arguments);
    CHECK(answer.status == 2);
    CHECK(is_one_line(answer.errors));
  }
}

TEST_CASE("propagate draws the figure and writes the table that it prints") {
  const TemporaryFolder folder;
  const fs::path plot = folder.path / "growth.svg", data = folder.path / "rows.csv";
  const Answer answer = run_program(
      "attnbounds", "propagate --layers 4 --n 4 --d 2 --data " + data.string() + " --plot " + plot.string());
  INFO(answer.errors);
  REQUIRE(answer.status == 0);
  CHECK(contents(plot).find("<svg") != std::string::npos);
  CHECK(contents(plot).find("token by token") != std::string::npos);
  const std::string rows = contents(data);
  CHECK(std::count(rows.begin(), rows.end(), '\n') == 5);
  CHECK(rows.find("forward_bound_tokens") != std::string::npos);
  for (const char* title : {"forward", "backward", "tokens", "growth of the error"})
    CHECK(answer.output.find(title) != std::string::npos);
}

TEST_CASE("propagate reads the committed layers of a real transformer, with its own W and W_V") {
  const Answer answer = run_program(
      "attnbounds", "propagate --json --weights " ATTNBOUNDS_SOURCE_DIR "/tests/data/layers --delta 1e-9");
  INFO(answer.errors);
  REQUIRE(answer.status == 0);
  const auto json = nlohmann::json::parse(answer.output);
  CHECK(json["standing"] == "estimate (double)");
  REQUIRE(json["layers"].size() == 6);
  for (const auto& layer : json["layers"]) {
    const double measured = layer["forward"]["measured"], bound = layer["forward"]["bound_tokens"];
    CHECK(measured > 0);
    CHECK(measured <= bound);
    CHECK(bound < 1e-3);  // still far below a state's own size: the recursion says something at every layer
  }
}

TEST_CASE("a weights folder with a missing, misshapen or infinite matrix is one line, exit status 2") {
  const TemporaryFolder folder;
  const fs::path copy = folder.path / "layers";
  const auto refused = [&](const std::string& mentions) {
    const Answer answer = run_program("attnbounds", "propagate --delta 1e-9 --weights " + copy.string());
    INFO(answer.errors);
    CHECK(answer.status == 2);
    CHECK(is_one_line(answer.errors));
    CHECK(answer.errors.find(mentions) != std::string::npos);
  };
  const auto fresh = [&] {
    fs::remove_all(copy);
    fs::copy(ATTNBOUNDS_SOURCE_DIR "/tests/data/layers", copy, fs::copy_options::recursive);
  };
  fresh();
  fs::remove(copy / "layer3" / "W_K.npy");
  refused("W_K.npy");
  fresh();
  write_npy(copy / "layer2" / "W_O.npy", Matrix<double>::Ones(3, 3));
  refused("W_O.npy: expected 32 x 384, found 3 x 3");
  fresh();
  write_npy_ending_in_infinity(copy / "layer0" / "b_Q.npy", Matrix<double>::Ones(1, 32));
  refused("b_Q.npy");
}

TEST_CASE("gradient of an attention-gradient instance: three outputs, each certified, masked or not") {
  const TemporaryFolder folder;
  const fs::path instance = folder.path / "instance", out = folder.path / "out";
  Stream draw(1, "cli attention gradient");
  fs::create_directories(instance);
  for (const char* matrix : {"q", "k", "v", "G"})
    write_npy(instance / (std::string(matrix) + ".npy"), draw.uniform_matrix(7, 2, 1));
  write_text(instance / "instance.json",
             R"({"kind": "attention-gradient",
                 "matrices": {"q": "q.npy", "k": "k.npy", "v": "v.npy", "G": "G.npy"}})");
  for (const std::string method : {"exact", "polynomial", "auto", "polynomial --causal", "exact --causal"}) {
    const Answer answer =
        run_program("attnbounds", "gradient " + instance.string() + " --eps 1e-6 --method " + method +
                                      " --certify --json --out " + out.string());
    INFO(answer.errors);
    REQUIRE(answer.status == 0);
    const auto json = nlohmann::json::parse(answer.output);
    CHECK(json["kind"] == "attention-gradient");
    CHECK(json["guarantee_verdict"] == "verified");
    CHECK(json["budget_verdict"] == "verified");
    CHECK(json.contains("bound_k"));
    for (const char* output : {"dQ.npy", "dK.npy", "dV.npy"}) CHECK(read_npy(out / output).rows() == 7);
  }
  for (const std::string method : {"exact", "polynomial", "polynomial --causal", "exact --causal"}) {
    const Answer answer =
        run_program("attnbounds", "gradient " + instance.string() +
                                      " --eps 1e-1 --arithmetic float --certify --json --method " + method);
    INFO(answer.errors);
    REQUIRE(answer.status == 0);
    const auto json = nlohmann::json::parse(answer.output);
    CHECK(json["arithmetic"] == "float");
    CHECK(json["guarantee_verdict"] == "verified");
    CHECK(json["budget_verdict"] == "verified");
    CHECK(std::stod(json["bound_decimal"].get<std::string>()) > 1e-7);
  }
  const Answer mixed =
      run_program("attnbounds", "gradient " + instance.string() + " --eps 1e-1 --arithmetic mixed");
  CHECK(mixed.status == 2);
  CHECK(is_one_line(mixed.errors));
  write_instance(folder.path / "loss");
  const Answer refused =
      run_program("attnbounds", "gradient " + (folder.path / "loss").string() + " --eps 1e-3 --causal");
  CHECK(refused.status == 2);
  CHECK(is_one_line(refused.errors));
}

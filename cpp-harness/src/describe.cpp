#include <algorithm>

#include "build_facts.hpp"
#include "commands.hpp"
#include "gguf_facts.hpp"
#include "llama_api.hpp"
#include "log.hpp"

namespace harness {
namespace {

// Null and the reason when the library cannot run the model.
model_ptr try_to_load(const std::string & model_path, const gguf_facts & facts, json & reason) {
    if (!facts.unreadable.empty()) {
        reason = facts.unreadable;
        return nullptr;
    }
    model_ptr model = load_model(model_path, load::everything);
    if (!model) {
        reason = take_last_errors("the library refuses the model");
    } else if (!has_vocabulary(model.get())) {
        reason = "the file holds no vocabulary";
        return nullptr;
    } else if (training_context(model.get()) == 0) {
        reason = "the model was made for a context of 0";
        return nullptr;
    }
    return model;
}

void describe_model(const std::string & model_path, json & answer) {
    gguf_facts facts = read_gguf_facts(model_path);
    json reason = nullptr;
    const model_ptr model = try_to_load(model_path, facts, reason);
    if (model) {
        facts.vocabulary_size = vocabulary_size(model.get());
        // The library finds some by their text where the file is silent.
        for (const auto & named : special_tokens(model.get())) {
            facts.special_tokens[named.first] = static_cast<uint32_t>(named.second);
        }
    }
    answer["model"] = json{
        {"architecture", facts.architecture},
        {"vocabulary_size", facts.vocabulary_size},
        {"context", facts.context},
        {"special_tokens", facts.special_tokens},
        {"tensor_type_counts", facts.tensor_type_counts},
    };
    settings values = default_settings();
    values.micro_batch = std::min(values.micro_batch, limit_batch(read_gguf_header(model_path)).tokens);
    answer["settings"] = settings_object(values);
    answer["can_run"] = model != nullptr;
    answer["reason"] = reason;
}

}  // namespace

void describe(const std::string & model_path) {
    json answer = {
        {"schema", "lockstep/describe-response/v1"},
        {"name", build_facts::engine_name},
        {"version", build_facts::program_version},
        {"build", build_object()},
        {"arithmetics", json::array({build_facts::arithmetic})},
        {"architectures", known_architectures()},
        {"tensor_types", known_tensor_types()},
        {"kernels", json::array({"ggml-cpu"})},
        {"settings", settings_object(default_settings())},
    };
    if (!model_path.empty()) {
        describe_model(model_path, answer);
    }
    write_line(answer);
}

}  // namespace harness

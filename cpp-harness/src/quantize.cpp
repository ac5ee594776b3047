#include <cstdint>
#include <utility>

#include "commands.hpp"
#include "error.hpp"
#include "gguf_facts.hpp"
#include "llama_api.hpp"
#include "log.hpp"

namespace harness {
namespace {

const std::vector<std::pair<std::string, llama_ftype>> file_types = {
    {"F32", LLAMA_FTYPE_ALL_F32},          {"F16", LLAMA_FTYPE_MOSTLY_F16},       {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
    {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},     {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},     {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
    {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},     {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
    {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S}, {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L},
    {"Q3_K", LLAMA_FTYPE_MOSTLY_Q3_K_M},   {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_M},   {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_M},   {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},     {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL},
    {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS}, {"TQ1_0", LLAMA_FTYPE_MOSTLY_TQ1_0},   {"TQ2_0", LLAMA_FTYPE_MOSTLY_TQ2_0},
    {"MXFP4", LLAMA_FTYPE_MOSTLY_MXFP4_MOE},
};

const std::vector<std::pair<std::string, ggml_type>> tensor_types = {
    {"F32", GGML_TYPE_F32},       {"F16", GGML_TYPE_F16},       {"BF16", GGML_TYPE_BF16},   {"Q4_0", GGML_TYPE_Q4_0},
    {"Q4_1", GGML_TYPE_Q4_1},     {"Q5_0", GGML_TYPE_Q5_0},     {"Q5_1", GGML_TYPE_Q5_1},   {"Q8_0", GGML_TYPE_Q8_0},
    {"Q2_K", GGML_TYPE_Q2_K},     {"Q3_K", GGML_TYPE_Q3_K},     {"Q4_K", GGML_TYPE_Q4_K},   {"Q5_K", GGML_TYPE_Q5_K},
    {"Q6_K", GGML_TYPE_Q6_K},     {"IQ4_NL", GGML_TYPE_IQ4_NL}, {"IQ4_XS", GGML_TYPE_IQ4_XS}, {"TQ1_0", GGML_TYPE_TQ1_0},
    {"TQ2_0", GGML_TYPE_TQ2_0},   {"MXFP4", GGML_TYPE_MXFP4},
};

llama_ftype file_type(const std::string & name) {
    std::string known;
    for (const auto & named : file_types) {
        if (named.first == name) {
            return named.second;
        }
        known += " " + named.first;
    }
    throw failure(exit_code::usage, "unknown type " + name + "; known:" + known);
}

ggml_type tensor_type(const std::string & name) {
    if (name.empty()) {
        return GGML_TYPE_COUNT;  // the library's sign for "as the file type says"
    }
    std::string known;
    for (const auto & named : tensor_types) {
        if (named.first == name) {
            return named.second;
        }
        known += " " + named.first;
    }
    throw failure(exit_code::usage, "unknown tensor type " + name + "; known:" + known);
}

}  // namespace

void quantize(const quantize_flags & flags) {
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.nthread = static_cast<int32_t>(flags.values.threads);
    params.ftype = file_type(flags.type);
    params.pure = flags.pure;
    params.allow_requantize = flags.allow_requantize;
    params.token_embedding_type = tensor_type(flags.token_embedding_type);
    params.output_tensor_type = tensor_type(flags.output_type);
    read_gguf_facts(flags.in_path);  // refuses what is no GGUF file, with its own exit code
    const std::string partial = flags.out_path + ".part";
    const uint32_t status = llama_model_quantize(flags.in_path.c_str(), partial.c_str(), &params);
    if (status != 0) {
        std::remove(partial.c_str());
        throw failure(exit_code::unavailable, flags.in_path + ": " + take_last_errors("llama_model_quantize gave " +
                                                                                      std::to_string(status)));
    }
    if (std::rename(partial.c_str(), flags.out_path.c_str()) != 0) {
        throw failure(exit_code::internal, flags.out_path + ": cannot be named");
    }
}

}  // namespace harness

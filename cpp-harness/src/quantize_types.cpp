#include "quantize_types.hpp"

#include <utility>
#include <vector>

#include "error.hpp"

namespace harness {
namespace {

// Names without _S, _M or _L are what llama-quantize takes them for.
const std::vector<std::pair<std::string, int>> file_types = {
    {"F32", LLAMA_FTYPE_ALL_F32},
    {"F16", LLAMA_FTYPE_MOSTLY_F16},
    {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
    {"Q1_0", LLAMA_FTYPE_MOSTLY_Q1_0},
    {"Q2_0", LLAMA_FTYPE_MOSTLY_Q2_0},
    {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},
    {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
    {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
    {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
    {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
    {"Q2_K_S", LLAMA_FTYPE_MOSTLY_Q2_K_S},
    {"Q3_K", LLAMA_FTYPE_MOSTLY_Q3_K_M},
    {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S},
    {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M},
    {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L},
    {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S},
    {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S},
    {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},
    {"IQ1_S", LLAMA_FTYPE_MOSTLY_IQ1_S},
    {"IQ1_M", LLAMA_FTYPE_MOSTLY_IQ1_M},
    {"IQ2_XXS", LLAMA_FTYPE_MOSTLY_IQ2_XXS},
    {"IQ2_XS", LLAMA_FTYPE_MOSTLY_IQ2_XS},
    {"IQ2_S", LLAMA_FTYPE_MOSTLY_IQ2_S},
    {"IQ2_M", LLAMA_FTYPE_MOSTLY_IQ2_M},
    {"IQ3_XXS", LLAMA_FTYPE_MOSTLY_IQ3_XXS},
    {"IQ3_XS", LLAMA_FTYPE_MOSTLY_IQ3_XS},
    {"IQ3_S", LLAMA_FTYPE_MOSTLY_IQ3_S},
    {"IQ3_M", LLAMA_FTYPE_MOSTLY_IQ3_M},
    {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL},
    {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS},
    {"TQ1_0", LLAMA_FTYPE_MOSTLY_TQ1_0},
    {"TQ2_0", LLAMA_FTYPE_MOSTLY_TQ2_0},
    {"MXFP4", LLAMA_FTYPE_MOSTLY_MXFP4_MOE},
    {"NVFP4", LLAMA_FTYPE_MOSTLY_NVFP4},
};

// The types that ggml_quantize_chunk makes. It ends the process for any other.
const std::vector<std::pair<std::string, int>> tensor_types = {
    {"F32", GGML_TYPE_F32},         {"F16", GGML_TYPE_F16},         {"BF16", GGML_TYPE_BF16},
    {"Q1_0", GGML_TYPE_Q1_0},       {"Q2_0", GGML_TYPE_Q2_0},       {"Q4_0", GGML_TYPE_Q4_0},
    {"Q4_1", GGML_TYPE_Q4_1},       {"Q5_0", GGML_TYPE_Q5_0},       {"Q5_1", GGML_TYPE_Q5_1},
    {"Q8_0", GGML_TYPE_Q8_0},       {"Q2_K", GGML_TYPE_Q2_K},       {"Q3_K", GGML_TYPE_Q3_K},
    {"Q4_K", GGML_TYPE_Q4_K},       {"Q5_K", GGML_TYPE_Q5_K},       {"Q6_K", GGML_TYPE_Q6_K},
    {"IQ1_S", GGML_TYPE_IQ1_S},     {"IQ1_M", GGML_TYPE_IQ1_M},     {"IQ2_XXS", GGML_TYPE_IQ2_XXS},
    {"IQ2_XS", GGML_TYPE_IQ2_XS},   {"IQ2_S", GGML_TYPE_IQ2_S},     {"IQ3_XXS", GGML_TYPE_IQ3_XXS},
    {"IQ3_S", GGML_TYPE_IQ3_S},     {"IQ4_NL", GGML_TYPE_IQ4_NL},   {"IQ4_XS", GGML_TYPE_IQ4_XS},
    {"TQ1_0", GGML_TYPE_TQ1_0},     {"TQ2_0", GGML_TYPE_TQ2_0},     {"MXFP4", GGML_TYPE_MXFP4},
    {"NVFP4", GGML_TYPE_NVFP4},
};

int number_of(const std::vector<std::pair<std::string, int>> & types, const std::string & name) {
    std::string known;
    for (const auto & named : types) {
        if (named.first == name) {
            return named.second;
        }
        known += " " + named.first;
    }
    throw failure(exit_code::usage, "unknown type " + name + "; known:" + known);
}

}  // namespace

llama_ftype file_type(const std::string & name) { return static_cast<llama_ftype>(number_of(file_types, name)); }

ggml_type tensor_type(const std::string & name) { return static_cast<ggml_type>(number_of(tensor_types, name)); }

}  // namespace harness

// Numbers of a tensor as the library sees them: decoded, or multiplied with another tensor. What
// other engines make of the same bytes is compared with these.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "error.hpp"
#include "file.hpp"
#include "ggml-cpu.h"
#include "ggml.h"
#include "gguf_facts.hpp"
#include "gguf_library.hpp"
#include "npy_writer.hpp"

namespace harness {
namespace {

struct ggml_deleter {
    void operator()(ggml_context * context) const { ggml_free(context); }
};
using ggml_ptr = std::unique_ptr<ggml_context, ggml_deleter>;

// A context that has room for `bytes` of tensors' data, and for some tensors and a graph.
ggml_ptr new_context_for(size_t bytes) {
    constexpr size_t tensors = 8;
    ggml_init_params params = {};
    params.mem_size = bytes + tensors * (ggml_tensor_overhead() + GGML_MEM_ALIGN) + ggml_graph_overhead();
    ggml_ptr context(ggml_init(params));
    if (!context) {
        throw failure(exit_code::internal, "ggml_init: no room for " + std::to_string(bytes) + " bytes");
    }
    return context;
}

// A model whose tensors are read one by one.
class tensor_file {
  public:
    explicit tensor_file(const std::string & path) : path_(path) {
        require_readable(path);
        header_ = read_by_library(path);
        file_.reset(std::fopen(path.c_str(), "rb"));
        if (!file_) {
            throw failure(exit_code::bad_input, path + ": cannot be opened again: " + std::strerror(errno));
        }
    }

    int64_t find(const std::string & name) const {
        const int64_t id = gguf_find_tensor(header_.get(), name.c_str());
        if (id < 0) {
            throw failure(exit_code::bad_input, path_ + ": no tensor `" + name + "`");
        }
        return id;
    }

    // Of a matrix; of other tensors, all dimensions but the first together.
    size_t rows(int64_t id) const {
        const int64_t * sizes = gguf_get_tensor_ne(header_.get(), id);
        return static_cast<size_t>(sizes[1] * sizes[2] * sizes[3]);
    }

    size_t bytes(int64_t id) const { return gguf_get_tensor_size(header_.get(), id); }

    // The tensor with its data.
    ggml_tensor * read(ggml_context * context, int64_t id) const {
        const ggml_type type = gguf_get_tensor_type(header_.get(), id);
        const int64_t * sizes = gguf_get_tensor_ne(header_.get(), id);
        ggml_tensor * tensor = ggml_new_tensor(context, type, GGML_MAX_DIMS, sizes);
        if (tensor == nullptr || ggml_nbytes(tensor) != bytes(id)) {
            throw failure(exit_code::internal, path_ + ": a tensor of another size than the file says");
        }
        const size_t place = gguf_get_data_offset(header_.get()) + gguf_get_tensor_offset(header_.get(), id);
        if (fseeko(file_.get(), static_cast<off_t>(place), SEEK_SET) != 0 ||
            std::fread(tensor->data, 1, bytes(id), file_.get()) != bytes(id)) {
            throw failure(exit_code::bad_input, path_ + ": the data cannot be read");
        }
        return tensor;
    }

  private:
    std::string path_;
    gguf_ptr header_;
    file_ptr file_;
};

npy_writer new_writer(const std::string & path, int64_t rows, int64_t columns) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    return npy_writer(folder, name, static_cast<size_t>(rows), static_cast<size_t>(columns));
}

// By the function that the library itself decodes embeddings with.
void decode(const ggml_tensor * tensor, const std::string & out_path) {
    const auto to_float = ggml_get_type_traits(tensor->type)->to_float;
    if (to_float == nullptr && tensor->type != GGML_TYPE_F32) {
        throw failure(exit_code::unavailable,
                      std::string("type ") + ggml_type_name(tensor->type) + ": the library has no decoding of it");
    }
    const int64_t columns = tensor->ne[0];
    const int64_t rows = ggml_nrows(tensor);
    npy_writer writer = new_writer(out_path, rows, columns);
    std::vector<float> values(static_cast<size_t>(columns));
    const char * data = static_cast<const char *>(tensor->data);
    for (int64_t row = 0; row < rows; ++row, data += tensor->nb[1]) {
        if (to_float == nullptr) {
            writer.write_row(reinterpret_cast<const float *>(data));
        } else {
            to_float(data, values.data(), columns);
            writer.write_row(values.data());
        }
    }
    writer.finish();
}

// The library ends the process at tensors that do not fit each other.
void check_factors(const ggml_tensor * matrix, const ggml_tensor * other) {
    if (ggml_get_type_traits_cpu(matrix->type)->vec_dot == nullptr) {
        throw failure(exit_code::unavailable,
                      std::string("type ") + ggml_type_name(matrix->type) + ": the library has no product with it");
    }
    if (other->type != GGML_TYPE_F32 || !ggml_is_matrix(matrix) || !ggml_is_matrix(other) ||
        matrix->ne[0] != other->ne[0]) {
        throw failure(exit_code::usage, "--times: the other tensor must be F32, both must be matrices of one width");
    }
}

// One row for each row of `other`.
void multiply(ggml_context * context, ggml_tensor * matrix, ggml_tensor * other, const std::string & out_path) {
    check_factors(matrix, other);
    ggml_cpu_init();
    ggml_tensor * product = ggml_mul_mat(context, matrix, other);
    ggml_cgraph * graph = ggml_new_graph(context);
    if (product == nullptr || graph == nullptr) {
        throw failure(exit_code::internal, "ggml_mul_mat: no room");
    }
    ggml_build_forward_expand(graph, product);
    ggml_cplan plan = ggml_graph_plan(graph, /*n_threads=*/1, nullptr);
    std::vector<uint8_t> work(plan.work_size);
    plan.work_data = work.data();
    const ggml_status status = ggml_graph_compute(graph, &plan);
    if (status != GGML_STATUS_SUCCESS) {
        throw failure(exit_code::internal, std::string("ggml_graph_compute: ") + ggml_status_to_string(status));
    }
    decode(product, out_path);
}

}  // namespace

void tensor(const tensor_flags & flags) {
    const tensor_file file(flags.model_path);
    const int64_t id = file.find(flags.name);
    if (flags.times.empty()) {
        const ggml_ptr context = new_context_for(file.bytes(id));
        decode(file.read(context.get(), id), flags.out_path);
        return;
    }
    const int64_t other = file.find(flags.times);
    if (file.rows(id) == 0 || file.rows(other) == 0) {
        throw failure(exit_code::bad_input, "--times: a tensor without elements has no product");
    }
    constexpr size_t most_results = size_t{1} << 28;
    if (file.rows(id) > most_results / file.rows(other)) {
        throw failure(exit_code::unavailable, "--times: the result would be too large");
    }
    const size_t results = file.rows(id) * file.rows(other) * sizeof(float);
    const ggml_ptr context = new_context_for(file.bytes(id) + file.bytes(other) + results);
    ggml_tensor * matrix = file.read(context.get(), id);
    multiply(context.get(), matrix, file.read(context.get(), other), flags.out_path);
}

}  // namespace harness

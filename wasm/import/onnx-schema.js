/* onnx-schema.js - the parts of ONNX's protobuf schema (onnx.proto, IR version 4 to 13) that the import reads */

const field = (/** @type {number} */ id, /** @type {string} */ type) => ({ id, type })
const list = (/** @type {number} */ id, /** @type {string} */ type) => ({ id, type, rule: 'repeated' })

export const ONNX_SCHEMA = {
  nested: {
    Model: {
      fields: { irVersion: field(1, 'int64'), producer: field(2, 'string'), graph: field(7, 'Graph'), opsets: list(8, 'Opset') }
    },
    Opset: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    Graph: {
      fields: {
        nodes: list(1, 'Node'),
        initializers: list(5, 'Tensor'),
        inputs: list(11, 'ValueInfo'),
        outputs: list(12, 'ValueInfo'),
        sparse: list(15, 'Anything')
      }
    },
    Node: {
      fields: {
        inputs: list(1, 'string'),
        outputs: list(2, 'string'),
        name: field(3, 'string'),
        op: field(4, 'string'),
        attributes: list(5, 'Attribute'),
        domain: field(7, 'string')
      }
    },
    Attribute: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'Tensor'),
        g: field(6, 'Anything'),
        floats: list(7, 'float'),
        ints: list(8, 'int64'),
        type: field(20, 'int32')
      }
    },
    Tensor: {
      fields: {
        dims: list(1, 'int64'),
        type: field(2, 'int32'),
        floats: list(4, 'float'),
        int32s: list(5, 'int32'),
        int64s: list(7, 'int64'),
        name: field(8, 'string'),
        raw: field(9, 'bytes'),
        doubles: list(10, 'double'),
        external: list(13, 'Anything'),
        location: field(14, 'int32')
      }
    },
    ValueInfo: { fields: { name: field(1, 'string'), type: field(2, 'ValueType') } },
    ValueType: { fields: { tensor: field(1, 'TensorType') } },
    TensorType: { fields: { elemType: field(1, 'int32'), shape: field(2, 'Shape') } },
    Shape: { fields: { dims: list(1, 'Dimension') } },
    Dimension: { fields: { value: field(1, 'int64'), param: field(2, 'string') } },
    Anything: { fields: {} }
  }
}
